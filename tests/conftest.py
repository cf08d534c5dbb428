"""How hard Hypothesis tries: the same examples every time in CI, new ones at every run elsewhere."""

import os

from hypothesis import settings

settings.register_profile("everywhere", deadline=None, max_examples=60)
settings.register_profile("ci", settings.get_profile("everywhere"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "everywhere")
