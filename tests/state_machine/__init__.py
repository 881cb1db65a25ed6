"""A second ledger, written from the specification alone, to be driven beside the real one.

`model.ProgrammeModel` keeps one programme's points for a handful of members in plain Python: lots in lists, sums
added up anew for every answer, time stepped through one due instant after the other. It shares no code and no idea
with the product's engine, services or selectors; whoever changes it should not look there first.

Making one
    ProgrammeModel(zone, point_types, since, policies)
        zone         name of the programme's time zone, "Europe/Tallinn"
        point_types  `terms.PointType` each; keys, fields and options are those of the programme document
        since        the instant from which the first revision is in force; the clock starts there
        policies     `terms.Policies`, likewise
    Members are named by any text and exist from their first use.

Units
    Points are whole numbers of the smallest unit, greater than 0 (`adjust` alone takes a negative number). Instants
    are aware datetimes, days are dates of the programme's zone. Names of awards, spends, captures, holds and merges
    ("ref") are chosen by the driver and unique among their kind (spends and captures share theirs).

Time
    Operations take `occurred_at` (when it happened) and `now` (when it became known); `now` never goes back and
    `occurred_at` is never later. What only staff or the clock does takes `now` alone. Before an operation everything
    due up to `now`, that instant included, happens; whatever the operation itself brings that is due already happens
    with it. `advance(now)` is due work and nothing else; `next_due()` is the next instant at which something will
    happen by itself, or None: good for aiming a clock at it, just before it and just after it.

Operations (each answers the rows that it posted, its own due work included: `Posted`, a list of `rows.Row`, with
`.points(kind)` as the sum of a kind)
    purchase(member, receipt, awards, occurred_at, now)      awards: `rows.GivenAward(ref, point_type, points, expiry,
                                                             pending)`, may be empty; the last two are a rule's own
                                                             terms, None: those of the point type
    event(member, key, occurred_at, now, purchase="", awards=())    purchase: the receipt whose points it frees
    approve(award, now), refuse(award, now)                  an award above `approval_above`
    spend(ref, member, point_type, points, occurred_at, now)
    hold(ref, member, point_type, points, until, occurred_at, now)
    capture(ref, hold, occurred_at, now, points=None)        None: all that is held; a part leaves the rest held
    release(hold, occurred_at, now)                          all that is held
    reverse(award, points, occurred_at, now)                 what a return takes of one award
    restore(spending, points, occurred_at, now)              points of a spend or capture come back
    adjust(member, point_type, points, occurred_at, now)     up or (negative) down
    opening(member, point_type, rows, occurred_at, now)      rows: `rows.OpeningRow(points, earned_at, expires_on)`
    transfer(giver, taker, point_type, points, occurred_at, now)
    convert(member, source, target, points, occurred_at, now)
    forfeit(member, point_type, now, points=None)            None: all usable and pending points
    notice(member, point_type, last_day, now)                told that points go after that day
    revise(point_type, now)                                  new terms from now on; the key stays
    merge(ref, survivor, absorbed, now), unmerge(absorbed, now)

Refusals are `rows.Refused` with a `code` and, where it helps, the `possible` amount. Nothing has changed then, except
that the clock stands at `now` and what was due has happened.
    of the specification    insufficient_points, hold_closed, hold_too_small, not_transferable, not_spendable,
                            opening_not_first
    named here              more_than_earned, more_than_spent, not_waiting, not_convertible, conversion_too_small,
                            conversion_not_whole, same_member, hold_open (a merge)
What no real caller can ask (an unknown ref, a ref used twice, zero points, time running backwards, a member who has
been merged away) is an AssertionError, KeyError or ValueError: an error of the driver.

Answers, all as of the last `now`
    buckets(member, point_type)      available, pending, held, debt
    balance(member, point_type)      available - debt
    open_lots(member, point_type)    remaining, held, state, expires_on (last usable day, moved by activity; None while
                                     it is not known), earned_at, amount; usable and held ones in spending order, then
                                     pending ones by age of the record
    open_holds(member, point_type)   {ref: what is still held}
    shortages(member, point_type)    [(award, what is still owed)] in the order in which it is paid
    totals(point_type)               issued, reversed, redeemed, expired, forfeited, adjusted, opened, converted,
                                     outstanding
    sums_by_move(point_type)         {(kind, from, to): points}, names as in the table of postings
    version(member, point_type)      number of rows; 0: untouched
    journal                          every row in order
    state()                          all of it at once, for comparing

What the model leaves out: what rules award, issuers and contracts, limits, tiers and points that last as long as a
tier, birthdays, households. One thing to keep out of a driver, because the specification does not say what it means: a
rule's own `activity` expiry on a point type that has none (here nothing extends it).

Where the specification is silent the model does what members would expect. These choices are marked "Chosen:" beside
the code that makes them; a difference there is a question to settle, not yet a fault of the product.
"""
