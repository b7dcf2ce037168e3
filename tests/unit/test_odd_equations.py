"""The equations of docs/odd.md, taken from its text and computed, give what the kernels give."""

from __future__ import annotations

import math
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from contactsim import messages
from contactsim.draws import Decision, normals, stream
from contactsim.encounters.arrays import (
    BONDING,
    NEGATIVE,
    NEUTRAL,
    PARTNER_EFFECT,
    PLEASANT,
    POSITIVE,
    TAKE_UP,
    UNPLEASANT,
    terms,
)
from contactsim.parameters import Shock
from contactsim.residents import BELIEVES, MEETING_AGE
from contactsim.world import World
from tests.worlds import four_groups, make_parameters, make_world, odd_psychology

TEXT = (Path(__file__).parents[2] / "docs" / "odd.md").read_text()
COLUMNS = ("age", "baseline_attitude", "sociability", "negative_exposure", "status", "language", "attitude", "positive",
           "negative", "recent_positive", "recent_negative", "anxiety", "threat", "belonging", "engagement",
           "stigma")
NEAR = {"rel": 1e-9, "abs": 1e-12}
#: Of columns in single precision.
NEARLY = {"rel": 1e-6, "abs": 1e-7}


def equations(heading: str, block: int | None = None) -> str:
    """All equations under a heading, or those of one of its blocks, as Python."""
    section = re.search(rf"(?ms)^#+ {re.escape(heading)}.*?(?=^#+ |\Z)", TEXT)
    assert section is not None, heading
    blocks = re.findall(r"(?ms)^ *```text\n(.*?)^ *```", section[0])
    code = "".join(blocks) if block is None else blocks[block]
    return re.sub(r"\n +", " ", code.strip()).replace("^", "**")


def functions() -> dict[str, Any]:
    return {"exp": math.exp, "log": math.log, "clip": lambda x, low, high: min(high, max(low, x))}


@pytest.fixture(scope="module", params=[1, 2])
def simulated(request: pytest.FixtureRequest) -> tuple[World, dict[str, Any]]:
    """A world with other than default parameters after eight weeks, and its state before the last."""
    parameters = make_parameters(psychology=odd_psychology(request.param), residents={"newcomers": 0.5})
    world = make_world(four_groups(), parameters, seed=5)
    for _ in range(7):
        world.step()
    world.people.rumour[::2] = BELIEVES
    before = {name: world.people.column(name).copy() for name in (*COLUMNS, "ties", "friend_groups")}
    before["past"] = world.areas.past.copy()
    world.step()
    return world, before


def area_of(world: World, i: int) -> int:
    """The neighbourhood of a row that has not moved."""
    start = world.settings["street"].partitions["neighbourhood"].start
    return int(np.searchsorted(start, i, side="right")) - 1


def scope(world: World, before: dict[str, Any], i: int) -> dict[str, Any]:
    """What the equations of resident i may read."""
    area = area_of(world, i)
    names = functions() | world.parameters.psychology.model_dump()
    names |= {name: before[name].astype(float) for name in COLUMNS}
    names |= {"i": i, "g": int(world.people.group[i]), "norm": world.areas.norm[area],
              "share": world.areas.share[area], "past": before["past"][area].copy()}
    names |= {letter: {} for letter in "TLPN"}
    return names


def some(world: World, number: int = 250) -> list[int]:
    """Residents, spread over the place."""
    rows = np.flatnonzero(world.people.active & (world.people.age >= MEETING_AGE + 1))
    return rows[:: max(1, rows.size // number)].tolist()


def test_appraisal(simulated: tuple[World, dict[str, Any]]) -> None:
    world, before = simulated
    code = equations("3.5.2")
    for i in some(world):
        names = scope(world, before, i)
        for h in range(world.people.groups):
            if h != names["g"]:
                names["h"] = h
                exec(code, names)
                for letter, k in (("T", TAKE_UP), ("P", PLEASANT), ("N", UNPLEASANT), ("L", PARTNER_EFFECT)):
                    value = world.week.odds_factor[i, h - (h > names["g"]), k]  # the own group is left out
                    assert names[letter][i, h] == pytest.approx(value, **NEAR)


def test_take_up_and_valence(simulated: tuple[World, dict[str, Any]]) -> None:
    world, _ = simulated
    p = world.parameters.psychology
    for context in world.parameters.settings.contact_contexts.values():
        t = terms(context, p)
        names = functions() | p.model_dump() | context.model_dump()
        names |= {"psychology": p, "contact_context": context, "i": 0, "j": 1, "g": 0, "h": 1,
                  "status": {0: 0.8, 1: 0.3}, "P": {(0, 1): 1.7}, "N": {(0, 1): 0.6}, "L": {(1, 0): 1.3},
                  "T": {(0, 1): 1.4, (1, 0): 0.5}}
        exec(equations("3.5.4"), names)
        assert names["declines"] == pytest.approx(t.avoidability / (1 + t.take_up * 1.4 * 0.5), **NEAR)
        exec(equations("3.5.5"), names)
        bad = t.negative * (1.0 + t.inequality * 0.5)
        assert names["good"] == pytest.approx(t.positive * 1.7 * 1.3, **NEAR)
        assert names["bad"] == pytest.approx(bad * 0.6 / 1.3, **NEAR)


def test_change_of_attitude(simulated: tuple[World, dict[str, Any]]) -> None:
    world, before = simulated
    code, people, learned = equations("3.5.6"), world.people, 0
    for i in some(world):
        names = scope(world, before, i)
        others = [h for h in range(people.groups) if h != names["g"]]
        friends = [j for j in before["ties"][i] if j >= 0 and people.group[j] == names["g"]]
        dose, counts = world.week.dose[i] / 100, world.week.counts[i]
        names |= {"D_pos": dose[:, POSITIVE], "D_neg": dose[:, NEGATIVE]}
        names |= {"meetings_pos": counts[:, POSITIVE], "meetings_neg": counts[:, NEGATIVE]}
        for h in others:
            known = any(before["friend_groups"][j] >> h & 1 for j in friends)
            names |= {"h": h, "rest_of_groups": [f for f in others if f != h]}
            names |= {"has_friend_with_friend": {h: float(known)}}
            if dose[others].sum() + known == 0:
                continue
            exec(code, names)
            learned += 1
            for column in ("attitude", "positive", "negative", "recent_positive", "recent_negative"):
                assert names[column][i, h] == pytest.approx(people.column(column)[i, h], **NEAR), column
    assert learned > 50


def test_change_of_feelings_belonging_and_language(simulated: tuple[World, dict[str, Any]]) -> None:
    world, before = simulated
    code, people, learned = equations("3.5.7"), world.people, np.zeros(4, int)
    for i in some(world):
        names = scope(world, before, i)
        others = [h for h in range(people.groups) if h != names["g"]]
        doses = world.week.dose[i, others].sum(axis=0) / 100
        met = world.week.counts[i][others][:, [POSITIVE, NEGATIVE, NEUTRAL]].sum()
        bonding = world.week.counts[i, names["g"], BONDING]
        names |= {"S_pos": doses[POSITIVE], "S_neg": doses[NEGATIVE], "S_met": met, "bonding": bonding,
                  "shared_activity": world.week.shared_activity[i] / 100, "community": world.week.community[i] / 100,
                  "believes": float(people.rumour[i] == BELIEVES)}
        exec(code, names)
        learned += np.array([doses[POSITIVE] > 0, doses[NEGATIVE] > 0, bonding > 0, names["community"] > 0])
        for column in ("anxiety", "threat", "belonging", "language"):
            assert names[column][i] == pytest.approx(people.column(column)[i], **NEAR), column
        for column in ("engagement", "stigma"):
            assert names[column][i] == pytest.approx(float(people.column(column)[i]), **NEARLY), column
        past = world.areas.past[area_of(world, i)]
        assert names["past"][names["g"]] == pytest.approx(past[names["g"]], **NEAR)
    assert learned.min() > 10


def test_traits() -> None:
    world = make_world(four_groups(), make_parameters(residents={"status_gap": 0.2}), seed=9)
    people, numbers = world.people, world.parameters.residents.model_dump()
    code = [line for line in equations("3.2 Init").splitlines() if "[i]" in line]
    assert len(code) == 4
    for line in code:
        column = line.split("[")[0]
        z = normals(stream(9, Decision[column.upper()]), people.uid)
        for i in some(world, 20):
            names = functions() | numbers | {"i": i, "z": z[i], column: {}}
            names["other"] = float(people.group[i] > 0)
            exec(line, names)
            assert names[column][i] == pytest.approx(people.column(column)[i], **NEAR)


def test_shock() -> None:
    world = make_world(four_groups(), seed=9)
    shock = Shock(week=0, target="B", attitude=0.3, anxiety=0.2, threat=0.1, stigma=0.4)
    before = {name: world.people.column(name).copy() for name in ("attitude", "anxiety", "threat", "stigma")}
    messages.apply_shocks({"one": shock}, 0, world.people, world.place.groups)
    of_others, of_the_target = (equations("3.5.1", block) for block in (0, 1))
    for i in some(world):
        names: dict[str, Any] = {name: values.copy() for name, values in before.items()}
        names |= {"i": i, "target": 1, "s": SimpleNamespace(**shock.model_dump())}
        exec(of_the_target if world.people.group[i] == 1 else of_others, names)
        for name in before:
            near = NEARLY if name == "stigma" else NEAR
            assert names[name][i] == pytest.approx(world.people.column(name)[i], **near)
