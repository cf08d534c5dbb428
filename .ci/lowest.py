"""Print the lowest versions that pyproject.toml allows, as constraints for pip."""

import tomllib

with open("pyproject.toml", "rb") as file:
    project = tomllib.load(file)["project"]
for needed in [*project["dependencies"], *project["optional-dependencies"]["test"]]:
    print(needed.replace(">=", "=="))
