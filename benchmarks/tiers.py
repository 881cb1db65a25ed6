"""The tier job at the end of a year against adding all daily counters up again.

Every member has spent on 26 days of 2024, every member above base keeps the tier to the end of 2025 and falls then,
because nothing was spent since. `MEMBERS` is the size. The least work is: sum the counters of both years by member,
find the level, and write the same decisions and periods by SQL. A usual night, in which no tier ends, is set against
adding up alone. The middle of three runs on fresh copies.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from statistics import median

import django

from benchmarks import crowds

ROUNDS = 3
DAYS = 26
BEFORE = datetime(2023, 1, 1, tzinfo=UTC)
BEGUN = datetime(2024, 12, 30, tzinfo=UTC)
QUALIFIED = datetime(2025, 2, 1, tzinfo=UTC)
NIGHT = datetime(2025, 12, 1, 22, tzinfo=UTC)
END = datetime(2025, 12, 31, 22, tzinfo=UTC)
WITHOUT = """
programme: {key: bench, name: Bench, zone: Europe/Tallinn, currency: EUR}
point_types: [{key: points, name: Points}]
rules:
  - {key: base, title: 1 point for each euro, effect: {kind: per_step, points: 1, step: "1.00"}}
"""
LADDER = """
ladders:
  - key: status
    name: Status
    tiers:
      - {key: base, name: Base}
      - {key: silver, name: Silver, threshold: "1000.00"}
      - {key: gold, name: Gold, threshold: "2000.00"}
"""
_SUMS = """
CREATE TEMPORARY TABLE levels AS
SELECT membership_id, member_id,
       CASE WHEN this >= 200000 THEN 'gold' WHEN this >= 100000 THEN 'silver' ELSE 'base' END AS tier
  FROM (SELECT membership_id, member_id, coalesce(sum(value) FILTER (WHERE day >= '2025-01-01'), 0) AS this,
               sum(value) FILTER (WHERE day < '2025-01-01') AS last
          FROM members_qualificationcounter WHERE metric = 'spend' AND day >= '2024-01-01' AND day < '2026-01-01'
         GROUP BY 1, 2) sums
"""
_ROWS = """
INSERT INTO members_tierdecision (member_id, membership_id, ladder, from_tier, to_tier, reason, source, value,
       occurred_at, recorded_at, operation, revision_id)
SELECT p.member_id, p.membership_id, p.ladder, p.tier, l.tier, 'validity', 'earned', 0, %(end)s, %(end)s,
       nextval('members_operation_id_seq'), p.revision_id
  FROM members_tierperiod p JOIN levels l USING (membership_id) WHERE upper_inf(p.valid) AND p.tier <> l.tier;
CREATE TEMPORARY TABLE falling AS
SELECT p.*, l.tier AS lower_tier FROM members_tierperiod p JOIN levels l USING (membership_id)
 WHERE upper_inf(p.valid) AND p.tier <> l.tier;
UPDATE members_tierperiod p SET valid = tstzrange(lower(p.valid), %(end)s), state = '{}', due_at = NULL
  FROM falling f WHERE f.id = p.id;
INSERT INTO members_tierperiod (member_id, membership_id, ladder, tier, source, valid, state, due_at, revision_id)
SELECT member_id, membership_id, ladder, lower_tier, 'earned', tstzrange(%(end)s, NULL), state, NULL, revision_id
  FROM falling;
UPDATE members_membership m SET version = m.version + 1 FROM falling f WHERE f.membership_id = m.id
"""


def main() -> None:
    """Print the seconds of each and the ratio."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings.test")
    django.setup()
    from tests import databases

    members = int(os.environ.get("MEMBERS", "5000"))
    quiet, job, sums, whole = [], [], [], []
    with databases.copy_of(databases.ensure_template()) as seed:
        fallen = _fill(seed, members)
        for _round in range(ROUNDS):
            with ExitStack() as copies:
                mine, other = (copies.enter_context(databases.copy_of(seed)) for _copy in range(2))
                quiet.append(_advance(mine, NIGHT, 0))
                job.append(_advance(mine, END, fallen))
                least = _again(other, fallen)
                sums.append(least[0])
                whole.append(sum(least))
    print(f"{members} members, {fallen} fall, load {os.getloadavg()[0]:.1f}")
    print(f"advance                {median(job):7.2f} s  {fallen / median(job):9.0f} decisions/s")
    print(f"adding up again        {median(sums):7.2f} s")
    print(f"and writing the rows   {median(whole):7.2f} s  {fallen / median(whole):9.0f} decisions/s")
    ratio = median(mine / least for mine, least in zip(job, whole, strict=True))
    print(f"advance / adding up and writing   {ratio:.2f}")
    ratio = median(mine / least for mine, least in zip(quiet, sums, strict=True))
    print(f"usual night            {median(quiet):7.2f} s")
    print(f"usual night / adding up   {ratio:.2f}  (must 0.25, aim 0.10)")


def _fill(name: str, members: int) -> int:
    """Members who have their tier of 2024; how many of them are above base."""
    import psycopg

    from members.models.tiers import TierPeriod
    from members.services.advancing import advance
    from programs.services.programmes import load
    from tests import databases

    with databases.using(name):
        programme = load(WITHOUT, now=BEFORE, publish=True, effective_from=BEFORE).programme
        # A ladder that begins late in 2024 finds what was spent before.
        load(WITHOUT + LADDER, now=BEFORE, publish=True, effective_from=BEGUN)
        url = databases.CommittedDatabase(name).superuser_url
        with psycopg.connect(url) as connection:
            crowds.spending(connection.cursor(), programme, members, DAYS)
        advance(programme, QUALIFIED)
        fallen = TierPeriod.objects.filter(due_at__lte=END).count()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
    return fallen


def _advance(name: str, until: datetime, fallen: int) -> float:
    from members.models.tiers import TierDecision
    from members.services.advancing import advance
    from programs.models import Programme
    from tests import databases

    with databases.using(name):
        start = time.perf_counter()
        advance(Programme.objects.get(), until)
        seconds = time.perf_counter() - start
        assert TierDecision.objects.filter(to_tier="base", occurred_at=until).count() == fallen
    return seconds


def _again(name: str, fallen: int) -> tuple[float, float]:
    """Seconds to add up, and to write what follows."""
    import psycopg

    from tests import databases

    with psycopg.connect(databases.CommittedDatabase(name).superuser_url) as connection:
        start = time.perf_counter()
        connection.execute(_SUMS)
        summed = time.perf_counter()
        written = 0
        for statement in _ROWS.split(";\n"):
            written = connection.execute(statement, {"end": END}).rowcount
        connection.commit()
        assert written == fallen
        return summed - start, time.perf_counter() - summed


if __name__ == "__main__":
    main()
