"""A page's state as a link: it is read back completely, and a link that no page has written is refused."""

from __future__ import annotations

import shlex

import pytest

from contactsim.config.run_config import compose
from contactsim.demo.ui_state import LONGEST_LINK, UIState, check, read_link
from contactsim.errors import UserError

FULL = UIState(both=("place.residents=3000", "place.shares=[0.6, 0.4]"), left=("place.dissimilarity=0.7",),
              right=("action=[community_centre]", "+scenario.arrival_shares={majority: 0.2, minority: 0.8}"), seed=7,
              week=12, upload="0123456789abcdef", lesson="shock", colour="group", speed=10, view="difference",
              meetings="hidden")


def test_a_link_holds_the_whole_choice() -> None:
    assert read_link(FULL.link(), ("shock",)) == FULL
    assert read_link("") == UIState() and UIState().link() == ""


@pytest.mark.parametrize("query, named", [
    ("both=place.file%3D%2Fetc%2Fpasswd", "place.file"), ("both=output%3D%2Ftmp%2Fx", "output"),
    ("both=force%3Dtrue", "force"), ("both=cache_burn_in%3Dfalse", "cache_burn_in"), ("both=threads%3D64", "threads"),
    ("both=hydra.run.dir%3Dx", "hydra"), ("left=psychology%3D..%2Fplace%2Fbradford", "psychology"),
    ("left=psychology._target_%3Dos.system", "_target_"),
    ("left=settings.neighbours%3D%24%7Bx%7D", "settings"),
    ("both=place%3Dcensus", "upload"), ("both=place.scheme%3D%2Fetc%2Fx.yaml", "place.scheme"),
    ("both=place.residents%3D10000000", "200000"), ("both=scenario.burn_in_min%3D5000", "1040"), ("seed=-1", "seed"),
    ("seed=x", "seed"), ("week=99999", "week"), ("colour=pink", "colour"), ("lesson=none_such", "lesson"),
    ("upload=..%2F..", "upload"), ("nonsense=1", "nonsense"), ("both=seed%3D1&both=seed%3D2", "seed"),
    ("both=place.residents%3D500&both=place.residents%3D600", "once"), ("both=noequals", "key=value"),
    ("x" * (LONGEST_LINK + 1), "characters"), ("&".join(["both=psychology.a%3D1"] * 61), "changes"),
    ("both=%2B%2B%2Bplace.residents%3D500", "place.residents"), ("speed=0", "speed"),
])
def test_a_link_that_no_page_has_written_is_refused_in_one_sentence(query: str, named: str) -> None:
    with pytest.raises(UserError) as refused:
        read_link(query, ("shock",))
    assert named in str(refused.value) and "\n" not in str(refused.value) and len(str(refused.value)) < 700


def test_an_override_may_not_hide_code_or_paths_in_its_value() -> None:
    for value in ("$x", "a/b", "`x`", "x\ny", "<b>", "a\\b", "${seed}", "x;y", '"x"'):
        with pytest.raises(UserError):
            check(f"psychology.drift={value}")
    assert check("psychology.drift=0.02") == "psychology.drift=0.02"


def test_a_change_of_one_world_wins_and_a_change_of_both_removes_it() -> None:
    start = UIState(both=("psychology.drift=0.01",), week=9)
    one = start.changed("right", "psychology.drift", "0.02")
    assert one.overrides("left") == ["psychology.drift=0.01"] and one.overrides("right") == ["psychology.drift=0.02"]
    assert one.week == 0
    both = one.changed("both", "psychology.drift", "0.03")
    assert both.overrides("left") == both.overrides("right") == ["psychology.drift=0.03"] and not both.right
    assert both.changed("both", "psychology.drift", None) == UIState()
    added = UIState(right=("+scenario.arrival_shares={majority: 1.0}",))
    assert added.changed("right", "scenario.arrival_shares", None) == UIState()


def test_the_command_line_gives_the_same_world() -> None:
    state = UIState(both=("place.residents=2000", "place.shares=[0.6, 0.4]"), right=("psychology.drift=0.02",), seed=5,
                    week=8)
    words = shlex.split(state.command("right"))
    assert words[:2] == ["contactsim", "run"]
    config = compose(words[2:])
    assert (config.seed, config.weeks, config.psychology.drift) == (5, 8, 0.02)
    assert config.place["shares"] == [0.6, 0.4] and config.place["residents"] == 2000
