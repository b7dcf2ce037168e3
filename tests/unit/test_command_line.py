"""The command line's own grammar: one style of options, one sentence for each mistake, fast help."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click
import pytest

from contactsim import cli, compiled
from contactsim.commands.base import RENAMED, Command, Integer, OneOf, as_json, overrides, sentence
from contactsim.errors import UserError
from contactsim.runs import progress
from contactsim.runs.progress import Progress

CACHE_IS_COLD = compiled.cache_is_cold
#: Options that mean the same in every command: short form and what they take.
SHARED = {"--config-dir": ("-cd", "DIR"), "--quiet": ("-q", None), "--store": (None, "DIR"), "--seed": (None, "N"),
          "--seeds": (None, "N"), "--jobs": (None, None), "--json": (None, None), "--force": (None, None)}


def command_of(name: str) -> click.Command:
    found: click.Command = getattr(importlib.import_module(cli.COMMANDS[name][0]), name)
    return found


def options_of(name: str) -> list[click.Option]:
    return [param for param in command_of(name).params if isinstance(param, click.Option)]


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_options_are_of_one_style(name: str) -> None:
    for option in options_of(name):
        long = next(opt for opt in option.opts if opt.startswith("--"))
        assert option.hidden or (option.help or "").endswith((".", "]", ").")), f"{name} {long}: no help"
        assert not set(option.opts) & set(RENAMED), f"{name}: {long} is an old name"
        if long in SHARED:
            short, metavar = SHARED[long]
            assert (short in option.opts) == (short is not None) and option.metavar == metavar, f"{name} {long}"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_help_shows_examples_before_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: contactsim {name} [OPTIONS]")
    assert 0 < text.index(f"\n    contactsim {name}") < text.index("\nOptions:")
    assert cli.main(["help", name]) == 0 and capsys.readouterr().out == text


def test_help_lists_a_users_own_configurations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for group in ("place", "evaluation"):
        (tmp_path / group).mkdir()
        (tmp_path / group / "mine.yaml").write_text("kind: synthetic\nresidents: 900\nshares: [0.6, 0.4]\n"
                                                    "dissimilarity: 0.3\n")
    for name in ("run", "evaluate"):
        assert cli.main([name, "--help", "-cd", str(tmp_path)]) == 0
        assert "mine" in capsys.readouterr().out
    assert cli.main(["place", "mine", "--config-dir", str(tmp_path)]) == 0
    assert "900 residents" in capsys.readouterr().out


@pytest.mark.parametrize(("words", "parts"), [
    ([], ["Usage: contactsim"]), (["--help"], ["Usage: contactsim"]), (["help"], ["Usage: contactsim"])])
def test_help_without_a_command(words: list[str], parts: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 0
    printed = capsys.readouterr()
    assert printed.err == "" and all(part in printed.out for part in [*parts, *cli.COMMANDS])


@pytest.mark.parametrize(("words", "parts"), [
    (["rum"], ["'rum' is not a command", "Did you mean 'run'?"]),
    (["--jsn"], ["--jsn is not an option of contactsim", "--version"]),
    (["compare", "--job", "2"], ["--job is not an option of contactsim compare", "Did you mean '--jobs'?"]),
    (["compare", "--jobs"], ["--jobs needs a value", "contactsim compare --help"]),
    (["compare", "--jobs", "0"], ["--jobs 0 is not allowed", "integer from 1"]),
    (["compare", "--jobs", "two"], ["--jobs two is not allowed", "integer from 1"]),
    (["demo", "--port", "70000"], ["--port 70000", "from 1 to 65535"]),
    (["run", "--quiet=3"], ["--quiet takes no value"]),
    (["run", "--cfg", "jobs"], ["--cfg jobs is not allowed", "job, hydra, all", "Did you mean 'job'?"]),
    (["run", "--seed", "1", "seed=2"], ["seed is given twice", "'seed=2'", "'seed=1'"]),
    (["run", "--seed", "x"], ["seed='x'", "integer"]),
    (["show"], ["RUN is missing", "contactsim show [OPTIONS] RUN"]),
    (["show", "a", "b"], ["'b' is not expected here", "contactsim show [OPTIONS] RUN"]),
    (["sweep", "seeds=3"], ["seeds=3", "replications=3"]),
    (["results"], ["store is missing", "contactsim results STORE"]),
    (["results", "a", "--store", "b"], ["store is given twice"]),
    (["sensitivity", "moris"], ["method moris is not allowed", "Did you mean 'morris'?"]),
    (["sensitivity", "along", "--parameters", "psychology.normz"], ["psychology.normz", "Did you mean"]),
    (["replay", "--quick", "--full"], ["--quick and --full"]),
    (["replay", "--fresh"], ["--fresh is now called --no-cache."]),
    (["replay", "--keep"], ["--keep is now called --update-baseline."]),
    (["sensitivity", "--keep"], ["--keep is now called --update-baseline."]),
    (["show", "--keep"], ["--keep is not an option of contactsim show"]),
])
def test_a_mistake_is_one_sentence(words: list[str], parts: list[str], capsys: pytest.CaptureFixture[str],
                                   tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(words) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("contactsim: ") and len(err.splitlines()) == 1
    assert all(part in err for part in parts), err
    assert list(tmp_path.iterdir()) == []


def test_a_seed_as_an_option_is_the_key(capsys: pytest.CaptureFixture[str]) -> None:
    printed = []
    for words in (["--seed", "7", "--output", "my folder"], ["seed=7", "output='my folder'"]):
        assert cli.main(["run", "--cfg", "job", *words]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] and "seed: 7" in printed[0] and "output: my folder" in printed[0]


@click.command(cls=Command)
@click.argument("words", nargs=-1)
@click.option("--store")
@click.option("--where", multiple=True)
@click.option("--force", is_flag=True)
@as_json
def keyless(**given: Any) -> dict[str, Any]:
    """A command whose words are no keys of a configuration."""
    return given


@click.command(cls=Command)
@overrides("store", "seed", "force")
@click.option("--jobs", type=Integer(1))
@click.option("--kind", type=OneOf(("a", "b")))
def keyed(overrides: list[str], jobs: int | None, kind: str | None) -> list[str]:
    """A command whose words are keys."""
    return overrides


def call(command: click.Command, *words: str) -> Any:
    with command.make_context("test", list(words)) as context:
        return command.invoke(context)


def test_keys_are_options_where_words_are_no_keys() -> None:
    assert call(keyless, "a", "store=x", "b") == {
        "words": ("a", "b"), "store": "x", "where": (), "force": False, "as_json": False}
    assert call(keyless, "--where", "store=x")["where"] == ("store=x",)
    assert call(keyless, "--json", "store=x")["store"] == "x"
    assert call(keyless, "seed=3")["words"] == ("seed=3",)
    assert call(keyless, "force=true")["force"] and not call(keyless, "force=false")["force"]
    for words in (["store=x", "store=y"], ["--store", "x", "store=y"], ["store=x", "--store=y"]):
        with pytest.raises(UserError, match="store is given twice"):
            call(keyless, *words)
    with pytest.raises(UserError, match="force=yes"):
        call(keyless, "force=yes")


def test_options_are_keys_where_words_are_keys() -> None:
    assert call(keyed, "weeks=3", "--store", "a b", "--seed", "range(0,3)", "--force") == [
        "weeks=3", "store='a b'", "seed=range(0,3)", "force=true"]
    assert call(keyed, "store=x", "seed=3", "force=true") == ["store=x", "seed=3", "force=true"]
    assert call(keyed, "--store", "it's") == ["store='it\\'s'"]


def test_other_mistakes_keep_clicks_words() -> None:
    assert sentence(click.UsageError("Something is odd.")) == "Something is odd (contactsim --help)."


def test_an_interrupt_says_what_is_stored(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> int:
        with Progress(True, "study") as bars:
            bars("runs", 3, 10)
            raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_call", interrupted)
    assert cli.main(["sweep"]) == 130
    (line,) = capsys.readouterr().err.splitlines()
    assert "3 of 10 runs are finished" in line and "stored in study" in line and "to continue" in line


def test_a_log_is_told_how_far_a_stage_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.0)
    with Progress() as bars:
        tell = bars.stage("burn_in")
        tell(0, 10)
        tell(2, 10)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("contactsim: 2 of 10 burn-in weeks, about 0:00:0")
    with Progress(quiet=True) as bars:
        bars("runs", 1, 2)
    assert capsys.readouterr().err == ""


def test_the_first_run_says_that_kernels_are_compiled(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "cache_is_cold", CACHE_IS_COLD)
    monkeypatch.setattr(compiled, "_FOLDER", str(tmp_path))
    with Progress():
        pass
    assert "compiling the model's kernels" in capsys.readouterr().err
    with Progress(quiet=True):
        pass
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "kernel.nbi").touch()
    with Progress():
        pass
    assert capsys.readouterr().err == ""
