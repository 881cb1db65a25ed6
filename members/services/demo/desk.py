"""What the demo company keeps beside its rules: why it has a programme, what it sells, and what must stay true."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from members.services.demo.assortment import ARTICLES
from members.services.examples import run_examples
from programs.choices import Goal
from programs.models import Brief, Partner, Product, Programme, WorkedExample
from programs.services.gallery import add_examples, read_examples

EXAMPLES_FILE = Path(__file__).with_name("examples.yaml")
OWN_BRAND = "Marta"
BRIEF = {
    "goal": Goal.KEEP,
    "key_factor": "Habit: nine of ten customers live or work within ten minutes of the shop that they use.",
    "positioning": "The shop on your way home remembers what you like.",
    "feasibility": "The tills read a card and send receipts at night. The points may cost one per cent of sales.",
    "tools": "Points for every euro, more for what is baked in the shop, a tier for those who come every week.",
    "effectiveness": "Members come twice a week instead of once. If that does not move in a year, we stop.",
    "telling": "At the till, on the receipt, and on the bag for bread.",
    "targets": [
        {"what": "Purchases of a member in a month", "now": "5.1", "target": "6.5", "by": "end of next year"},
        {"what": "Members among all purchases", "now": "41 %", "target": "55 %", "by": "end of next year"},
    ],
}


def write_brief(programme: Programme) -> None:
    """The brief, unless there is one."""
    Brief.objects.get_or_create(programme=programme, defaults=BRIEF)


def list_products(partner: Partner) -> int:
    """Every article of the shops; how many there are."""
    Product.objects.bulk_create(
        [
            Product(
                partner=partner,
                sku=article.sku,
                name=article.sku.replace("-", " ").capitalize(),
                category=article.category,
                department=article.department,
                brand=article.brand,
                labels=["own brand"] if article.brand == OWN_BRAND else [],
            )
            for article in ARTICLES
        ],
        ignore_conflicts=True,
    )
    return len(ARTICLES)


def work_examples(programme: Programme, now: datetime) -> int:
    """The worked examples, each run; how many there are."""
    if not WorkedExample.objects.filter(programme=programme).exists():
        run_examples(programme, add_examples(programme, read_examples(EXAMPLES_FILE)), now=now)
    return WorkedExample.objects.filter(programme=programme).count()
