"""The texts that all engines are given: made from a seed, the same every time."""

import random

from support.people import DEPARTMENTS, people

SUBJECTS = ("the committee", "our supplier", "a visitor", "the night shift", "every branch", "the new engineer", "a customer from Lyon",
            "the board", "one of the drivers", "the accounting team", "my neighbour", "the research group", "an old friend", "the warehouse")
ACTIONS = ("moved", "postponed", "repaired", "discussed", "ordered", "returned", "measured", "praised", "lost", "found", "translated",
           "compared", "delivered", "approved", "questioned", "photographed")
OBJECTS = ("the annual budget", "a crate of oranges", "three broken pumps", "the safety report", "a bicycle", "the harbour contract",
           "forty laptops", "the training plan", "an unpaid invoice", "the greenhouse", "last year's figures", "a box of old maps",
           "the conference", "two paintings", "the water meter", "a recipe for soup")
ENDINGS = ("before the rain came", "without telling anyone", "for the third time this month", "because the deadline had passed",
           "after a long phone call", "at half the price", "in front of the whole department", "with great care", "on Thursday morning",
           "despite the warning", "as the manual recommends", "and wrote down the result")


def people_texts(count, seed):
    """Rows of people as the import embeds them: about 20 tokens, and much alike."""
    return [" ".join(row.values()) for row in people(count, seed)]


def long_texts(count, seed):
    """Paragraphs of 3 to 22 sentences: about 40 to 256 tokens, the longest ones cut."""
    chance = random.Random(seed)
    return [" ".join(sentence(chance) for _ in range(chance.randint(3, 22))) for _ in range(count)]


def sentence(chance):
    subject = chance.choice(SUBJECTS)
    return (f"{subject[0].upper()}{subject[1:]} {chance.choice(ACTIONS)} {chance.choice(OBJECTS)} "
            f"{chance.choice(ENDINGS)}, number {chance.randint(2, 9999)}.")


def query_texts(count, seed):
    """What people type into a search: about 8 tokens."""
    chance = random.Random(seed)
    return [f"someone in {chance.choice(DEPARTMENTS)} over {chance.randint(20, 80)}" for _ in range(count)]
