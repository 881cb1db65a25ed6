"""What the shops of the demo company sell, and where they are. All names are invented."""

from __future__ import annotations

from typing import NamedTuple


class Article(NamedTuple):
    """An article of the shelves; `cents` is the usual price of one piece or kilogram. `weight`: how often it is
    bought; `loose`: sold by weight."""

    sku: str
    category: str
    department: str
    brand: str
    cents: int
    weight: int
    loose: bool = False


class Shop(NamedTuple):
    """A shop with its share of the purchases."""

    code: str
    name: dict[str, str]
    weight: int


SHOPS = (
    Shop("TLN-1", {"en": "Tallinn, Harbour", "ru": "Таллинн, Порт", "et": "Tallinn, Sadam"}, 30),
    Shop(
        "TLN-2", {"en": "Tallinn, Birch Hill", "ru": "Таллинн, Берёзовая горка", "et": "Tallinn, Kasemäe"}, 26
    ),
    Shop("TRT-1", {"en": "Tartu, Riverside", "ru": "Тарту, Набережная", "et": "Tartu, Jõekalda"}, 20),
    Shop("PRN-1", {"en": "Pärnu, Beach", "ru": "Пярну, Пляж", "et": "Pärnu, Rand"}, 12),
    Shop("NRV-1", {"en": "Narva, Castle", "ru": "Нарва, Замок", "et": "Narva, Linnuse"}, 12),
)

ARTICLES = (
    Article("milk-1l", "milk", "dairy", "Meadowcup", 119, 90),
    Article("kefir-1l", "milk", "dairy", "Meadowcup", 129, 40),
    Article("butter-200g", "butter", "dairy", "Meadowcup", 289, 35),
    Article("yoghurt-400g", "yoghurt", "dairy", "Hilltop", 185, 45),
    Article("cheese-500g", "cheese", "dairy", "Hilltop", 549, 30),
    Article("eggs-10", "eggs", "dairy", "Old Barn", 265, 40),
    Article("rye-bread", "bakery", "bread", "Marta", 165, 70),
    Article("white-loaf", "bakery", "bread", "Marta", 139, 45),
    Article("cinnamon-roll", "bakery", "bread", "Marta", 119, 40),
    Article("curd-pastry", "bakery", "bread", "Marta", 135, 30),
    Article("coffee-beans-1kg", "coffee", "drinks", "Ninth Wave", 1499, 16),
    Article("coffee-ground-500g", "coffee", "drinks", "Ninth Wave", 749, 22),
    Article("coffee-instant-200g", "coffee", "drinks", "Grey Owl", 629, 14),
    Article("tea-black-100", "tea", "drinks", "Grey Owl", 349, 16),
    Article("juice-1l", "juice", "drinks", "Orchard 8", 199, 30),
    Article("water-1.5l", "water", "drinks", "Clearwell", 89, 45),
    Article("beer-0.5l", "beer", "drinks", "North Pier", 159, 35),
    Article("wine-0.75l", "wine", "drinks", "Casa Lirra", 899, 12),
    Article("bananas", "fruit", "greens", "", 139, 60, loose=True),
    Article("apples", "fruit", "greens", "", 169, 50, loose=True),
    Article("tomatoes", "vegetables", "greens", "", 329, 45, loose=True),
    Article("cucumbers", "vegetables", "greens", "", 259, 40, loose=True),
    Article("potatoes", "vegetables", "greens", "", 79, 45, loose=True),
    Article("minced-meat-500g", "meat", "meat and fish", "Old Barn", 429, 30),
    Article("chicken-fillet", "meat", "meat and fish", "Old Barn", 749, 30, loose=True),
    Article("salmon", "fish", "meat and fish", "", 1899, 10, loose=True),
    Article("sausages-400g", "sausages", "meat and fish", "Old Barn", 339, 25),
    Article("pasta-500g", "pasta", "groceries", "Sette Sole", 145, 30),
    Article("rice-1kg", "rice", "groceries", "Sette Sole", 219, 18),
    Article("oil-1l", "oil", "groceries", "Sette Sole", 279, 15),
    Article("chocolate-100g", "sweets", "groceries", "Kuu", 179, 45),
    Article("biscuits-200g", "sweets", "groceries", "Kuu", 149, 30),
    Article("ice-cream-1l", "ice-cream", "frozen", "Kuu", 459, 15),
    Article("dumplings-800g", "ready-meals", "frozen", "Old Barn", 519, 18),
    Article("washing-powder-2kg", "household", "household", "Linnet", 1199, 8),
    Article("toilet-paper-8", "household", "household", "Linnet", 399, 20),
    Article("shampoo-400ml", "cosmetics", "household", "Linnet", 459, 9),
    Article("nappies-60", "baby", "household", "Linnet", 1599, 5),
    Article("cat-food-12", "pets", "household", "Grey Owl", 499, 14),
    Article("cigarettes", "tobacco", "tobacco", "", 560, 12),
)
