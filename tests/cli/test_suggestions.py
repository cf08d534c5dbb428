"""What to write instead of a name of another tool, and what a shell completes."""

import os
from pathlib import Path

import click
import numpy as np
import pytest
from helpers import invoke, lines, noise, save

from glimpse.cli import COMMANDS, main
from glimpse.cli.suggestions import SYNONYMS


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save("a.png", noise(30, 44, 3))
    return tmp_path


def options(command):
    found = main.get_command(click.Context(main), command)
    return {word for parameter in found.params for word in parameter.opts}


def test_every_suggestion_is_an_option():
    known = set().union(*map(options, COMMANDS))
    assert {word for ours in SYNONYMS.values() for word in ours.split(" and ")} <= known


@pytest.mark.parametrize(("name", "ours"), SYNONYMS.items())
def test_a_name_of_another_tool_is_answered_with_ours(name, ours):
    for command in COMMANDS:
        if set(ours.split(" and ")) <= options(command) and name not in options(command):
            result = invoke(command, "a.png", name, "3")
            assert result.exit_code == 2
            assert f"No such option '{name}'; write {ours} (see" in result.stderr
            return
    raise AssertionError("no command has it")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("read a.png -gx 3", "glimpse read: No such option '-gx'; long names have two dashes: --gx (see"),
        ("read a.png -delta=3", "No such option '-delta'; long names have two dashes: --delta"),
        ("show a.png -output b.png", "No such option '-output'; long names have two dashes: --output"),
        ("help", "No such command 'help'; write glimpse --help (see"),
        ("help sweep", "No such command 'help'; write glimpse sweep --help (see"),
        ("read a.png -v", "-v goes before the command: glimpse -v read (see"),
        ("sweep a.png --debug", "--debug goes before the command: glimpse --debug sweep (see"),
        ("info a.png --version", "--version goes before the command: glimpse --version info (see"),
        ("-q read a.png", "No such option '-q' before the command; write it after the command's name (see"),
        ("--sigma 3 read a.png", "No such option '--sigma' before the command"),
    ],
)
def test_a_word_in_the_wrong_place_is_told_where_it_goes(words, message):
    result = invoke(*words.split())
    assert (result.exit_code, len(lines(result.stderr))) == (2, 1)
    assert message in result.stderr


def test_values_that_look_like_options_are_none(folder):
    os.rename("a.png", "-gx")
    assert invoke("read", "-o", "p.png", "--", "-gx").exit_code == 0
    assert invoke("read", "./-gx", "--row", "-3", "-n5", "-oq.png").exit_code == 0


def test_a_tilde_that_was_quoted_is_home(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder / "home"))
    os.mkdir("home")
    save("home/b.png", noise(30, 44, 3))
    assert invoke("read", "~/b.png", "-o", "~/{stem}-p.png").exit_code == 0
    assert sorted(os.listdir("home")) == ["b-p.png", "b.png"]
    assert not os.path.exists("~")


def test_open_shows_the_first_file_that_was_made(folder, monkeypatch):
    opened = []
    monkeypatch.setattr(click, "launch", lambda name: opened.append(name) or 0)
    save("b.png", noise(30, 44, 3))
    assert invoke("read", "missing.png", "a.png", "b.png", "-o", "out/", "--open", "-j", 1).exit_code == 1
    assert opened == ["out/a-patch.png"] or opened == ["out/a.png"]
    assert invoke("show", "a.png", "--width", "400", "-o", "s.png").exit_code == 0
    assert len(opened) == 1
    result = invoke("show", "a.png", "--width", "400", "-o", "-", "--open")
    assert "standard output is no file" in result.stderr
    monkeypatch.setattr(click, "launch", lambda name: 3)
    result = invoke("show", "a.png", "--width", "400", "-o", "t.png", "--open")
    assert "no viewer could be started for t.png" in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_every_option_once_under_a_heading(command):
    text = invoke(command, "--help").stdout
    headings = [line for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert len(headings) == len(set(headings))
    for parameter in main.get_command(click.Context(main), command).params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            below = text[text.index(f"\n{headings[0]}\n") :].splitlines()
            shown = [line[2:].split("  ")[0] for line in below if line.startswith("  -")]
            words = " ".join(shown).replace(",", " ").split()
            names = [word for word in words if word in parameter.opts]
            assert len(names) == len(parameter.opts), parameter.name
    if command == "read":
        assert {"Window:", "Table:", "Decoding:", "Output:"} <= set(headings)


@pytest.mark.parametrize("command", [["read"], ["show"], ["sweep"], ["locate", "a.png"]])
def test_a_space_before_the_percent_sign_is_told(command):
    result = invoke(*command, "a.png", "--row", "10", "%")
    assert result.exit_code == 2
    assert "10 % has a space too many; write 10%" in result.stderr


def test_a_range_on_read_names_sweep():
    for option in (["--delta", "1:8"], ["--row", "1:8"], ["--box", "1,1,2,2:3,3,2,2"]):
        assert "glimpse sweep takes a range" in invoke("read", "a.png", *option).stderr


def test_a_folder_as_an_input_is_answered_with_the_files_in_it(folder):
    os.mkdir("photos")
    for name in ("photos", "photos/"):
        assert "name the files in it, such as photos/*.png" in invoke("show", name, "-o", "x.png").stderr


def test_floating_point_numbers_from_0_to_1_are_noted_unless_their_range_is_given():
    np.save("f.npy", np.linspace(0, 1, 12).reshape(3, 4))
    for more, noted in (([], True), (["--range", "0,1"], False)):
        result = invoke("read", "f.npy", *more, "-o", "p.png", "--overwrite")
        assert ("0 to 1" in result.stderr and "--range 0,1" in result.stderr) == noted
    np.save("g.npy", np.linspace(0, 200, 12).reshape(3, 4))
    assert "--range" not in invoke("read", "g.npy", "-o", "p.png", "--overwrite").stderr


def test_an_animated_png_is_asked_for_by_its_own_ending():
    result = invoke("sweep", "a.png", "--delta", "1:2", "-o", "c.png")
    assert result.exit_code == 2
    assert ".apng" in result.stderr
    assert "{index:03d}.png" in result.stderr
    assert not Path("c.png").exists()
    assert invoke("sweep", "a.png", "--delta", "1:2", "--frames", "2", "-o", "c.apng").exit_code == 0


@pytest.mark.parametrize(
    ("made", "changed", "sigma"),
    [
        ("4", ["--delta", "6"], "12"),
        ("1", ["--delta", "6"], "3"),
        ("1", ["--delta", "6", "--sigma", "1"], "1"),
    ],
)
def test_sigma_follows_delta_in_proportion_and_the_line_says_so(made, changed, sigma):
    assert invoke("read", "a.png", "--delta", "2", "--sigma", made, "-n", "9", "-o", "p.png").exit_code == 0
    like = ["--like", "p.png"]
    for command in (["read", "a.png", *like], ["write", "p.png"], ["show", "a.png", *like, "--width", "400"]):
        result = invoke(*command, *changed, "-o", "q.png", "--overwrite")
        assert f"delta 6, sigma {sigma} " in result.stderr
        assert ("sigma follows delta" in result.stderr) == ("--sigma" not in changed)


def test_sigma_follows_both_ends_of_a_sweep():
    assert invoke("read", "a.png", "--delta", "2", "--sigma", "1", "-n", "9", "-o", "p.png").exit_code == 0
    result = invoke(
        "sweep", "a.png", "--like", "p.png", "--delta", "1:8", "--frames", "2", "-n", "4", "-o", "s.webp"
    )
    assert "delta 1:8, sigma 0.5:4 " in result.stderr
    assert "sigma follows delta" in result.stderr


# What a shell completes

FILES = [["read"], ["read", "--like"], ["read", "--table"], ["read", "-o"], ["read", "--images"], ["write"]]
FILES += [["write", "--onto"], ["write", "--canvas"], ["show"], ["sweep"], ["locate", "a.png"], ["info"]]


def completed(shell, words):
    asked = {"_GLIMPSE_COMPLETE": f"{shell}_complete", "COMP_WORDS": " ".join(["glimpse", *words])}
    asked["COMP_CWORD"] = words[-1] if shell == "fish" else str(len(words))
    done = invoke(env=asked)
    assert not done.stderr
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("words", FILES, ids=" ".join)
def test_shells_complete_the_names_of_files(shell, words):
    kind = {"bash": "file,a.p", "zsh": "file\na.p\n_", "fish": "file,a.p"}[shell]
    assert lines(completed(shell, [*words, "a.p"]))[:3] == kind.split("\n")


@pytest.mark.parametrize("words", [["read", "--delta"], ["read", "-n"], ["write", "--gain"]])
def test_numbers_are_not_completed(words):
    assert completed("bash", [*words, "1"]).strip() == ""


@pytest.mark.parametrize(
    ("line", "owners"),
    [("show a.tif --level 1", "read"), ("info a.tif --nodata skip", "read"),
     ("map a.png --boomerang", "sweep"), ("info a.png --onto b.png", "write"),
     ("locate a.png b.png --linear", "read, write, sweep, show")],
)  # fmt: skip
def test_an_option_of_other_commands_is_told_to_be_theirs(line, owners):
    option = next(word for word in line.split() if word.startswith("--"))
    result = invoke(*line.split())
    assert result.exit_code == 2
    assert f"No such option '{option}' here; it is of glimpse {owners} (see" in result.stderr
