"""The demo's task: a customer's message to a small home-goods shop becomes one line of JSON.

    {"intent": "refund", "product": "kettle", "urgency": "high"}

Messages are made from wordings that we wrote. Test and training split share labels, products and
nothing else: each has its own wordings, customers, openings, closings and ways to say that it is
urgent, so that a model can't pass by knowing the training sentences.
"""

import json
from dataclasses import dataclass
from random import Random
from typing import Literal, TypedDict

type Split = Literal["train", "test"]

INTENTS = ("refund", "delivery", "defect", "billing", "account", "usage")
PRODUCTS = ("kettle", "lamp", "headphones", "blender", "backpack", "watch", "heater", "keyboard")
URGENCIES = ("low", "normal", "high")

SYSTEM = (
    "You sort support messages. Answer with one line of JSON that has exactly the keys "
    '"intent", "product" and "urgency". '
    f"intent is one of: {', '.join(INTENTS)}. product is one of: {', '.join(PRODUCTS)}. "
    f"urgency is one of: {', '.join(URGENCIES)}."
)


class Message(TypedDict):
    role: str
    content: str


class TaskItem(TypedDict):
    """`input` is the instruction and the customer's message; `reference` the right JSON as text.

    `cluster` names the customer's thread.
    """

    id: str
    input: list[Message]
    reference: str
    tags: list[str]
    cluster: str


@dataclass(frozen=True)
class Wordings:
    """What one split says; `{p}` stands for the product's name."""

    intents: dict[str, tuple[str, ...]]
    described: dict[str, str]
    urgent: tuple[str, ...]
    unhurried: tuple[str, ...]
    customers: tuple[str, ...]
    openings: tuple[str, ...]
    closings: tuple[str, ...]


TRAIN = Wordings(
    intents={
        "refund": (
            "I want my money back for the {p}.",
            "I am returning the {p}, please refund me.",
            "The {p} isn't what I wanted. Can I get a refund?",
            "Please give back what I paid for the {p}.",
            "How do I send the {p} back and get repaid?",
        ),
        "delivery": (
            "My {p} hasn't arrived yet.",
            "Where is the {p} that I ordered?",
            "The tracking page for my {p} shows no movement.",
            "The courier left without handing over my {p}.",
            "When will the {p} be delivered?",
        ),
        "defect": (
            "The {p} stopped working.",
            "My {p} is broken.",
            "There is a crack in the {p}.",
            "The {p} makes a strange noise and switches off.",
            "The {p} was damaged when I opened the box.",
        ),
        "billing": (
            "I was charged twice for the {p}.",
            "The invoice for the {p} has a wrong amount.",
            "My card was billed for the {p} before it was sent.",
            "The discount code wasn't applied to the {p}.",
            "I need an invoice with my company's name for the {p}.",
        ),
        "account": (
            "I can't log in to register my {p}.",
            "Please change the e-mail address on the account with my {p} order.",
            "My password reset mail never comes, and I want to see my {p} order.",
            "Please delete my account; I only bought the {p}.",
            "My profile doesn't show the {p} that I bought.",
        ),
        "usage": (
            "How do I clean the {p}?",
            "Is there a manual for the {p}?",
            "Can I use the {p} outdoors?",
            "What does the small button on the {p} do?",
            "How do I set up the {p} for the first time?",
        ),
    },
    described={
        "kettle": "thing that boils water",
        "lamp": "light for my desk",
        "headphones": "set that goes over my ears",
        "blender": "machine for smoothies",
        "backpack": "bag for my shoulders",
        "watch": "thing on my wrist that tells the time",
        "heater": "device that warms the room",
        "keyboard": "thing I type on",
    },
    urgent=(
        "This is urgent!",
        "Please answer today.",
        "I need this solved right now.",
        "It can't wait.",
    ),
    unhurried=(
        "There is no hurry.",
        "Answer whenever it suits you.",
        "It isn't urgent at all.",
        "Take your time.",
    ),
    customers=("Carol", "Dan", "Ewa", "Farid", "Gina", "Hugo", "Ines", "Jonas", "Kim", "Lars"),
    openings=("Hello,", "Good morning,", "Hi there,", "Dear support,"),
    closings=("Regards, {c}", "Thanks, {c}", "Best wishes, {c}"),
)

TEST = Wordings(
    intents={
        "refund": (
            "I'd like to give the {p} back and be paid back in full.",
            "We changed our mind about the {p}; please reimburse us.",
            "What must I do to return my {p} for the full price?",
            "Refund request: one {p}, unused, still in its box.",
            "I am inside the thirty days: here goes the {p}, I want the money on my card.",
            "Could you reverse the purchase? The {p} is not for me.",
        ),
        "delivery": (
            "It has been two weeks and still no parcel with the {p}.",
            "The {p} was meant to come on Monday and nobody rang the bell.",
            "Can you tell me on which day the {p} gets here?",
            "Your driver took the {p} to the wrong street.",
            "The shipment with my {p} seems stuck at the depot.",
            "I moved house; can the {p} be sent to my new address instead?",
        ),
        "defect": (
            "Since yesterday the {p} won't turn on.",
            "One side of the {p} came off after a single week.",
            "The {p} is faulty, it dies after five minutes.",
            "Out of the box the {p} was already scratched and bent.",
            "Something rattles inside the {p} and it smells burnt.",
            "The second {p} you sent me fails just like the first.",
        ),
        "billing": (
            "My bank shows two payments for one {p}.",
            "The receipt says 89 but the {p} cost 59 in the shop.",
            "Why did the price of the {p} go up between basket and bill?",
            "I paid for the {p} by gift card and you still took money from my bank.",
            "Please correct the tax on the bill for our {p}.",
            "The voucher should have made the {p} ten cheaper.",
        ),
        "account": (
            "Your site refuses my password, so I can't look at the {p} I ordered.",
            "I'm locked out of my profile and the {p} is registered there.",
            "Could you merge my two logins? The {p} is under the old one.",
            "Remove my personal data, please. I have had nothing from you but this {p}.",
            "The sign-in code never reaches my phone; I want to register my {p}.",
            "Someone else's name is on my user page, next to my {p}.",
        ),
        "usage": (
            "What is the right way to store the {p} over the summer?",
            "Does the {p} come with instructions in Spanish?",
            "Is it fine to leave the {p} plugged in or switched on all night?",
            "I don't understand the symbols on the {p}, what do they mean?",
            "Which cloth should I wipe the {p} with?",
            "May a child of six use the {p}?",
        ),
    },
    described={
        "kettle": "pot I heat my tea water in",
        "lamp": "bedside light",
        "headphones": "pair of ear speakers",
        "blender": "mixer for soups and shakes",
        "backpack": "rucksack",
        "watch": "timepiece with the leather strap",
        "heater": "electric radiator",
        "keyboard": "board with the letter keys",
    },
    urgent=(
        "I have to know within the hour.",
        "Please treat this as an emergency.",
        "We leave tomorrow, so I need help at once.",
        "As soon as you possibly can, please.",
        "I'm waiting by the phone, hurry!",
    ),
    unhurried=(
        "Next week is soon enough.",
        "Nothing pressing, just when you have a moment.",
        "No rush from my side.",
        "This can wait until you are less busy.",
    ),
    customers=(
        "Amara", "Bruno", "Chloe", "Dmitri", "Elif", "Femi", "Greta", "Hana", "Ivo", "Jelena",
        "Kofi", "Lucia", "Marek", "Nadia", "Omar", "Priya", "Quentin", "Rania", "Stefan", "Thu",
    ),
    openings=("Hey,", "Good evening,", "To whom it may concern,", "Dear team,", "Hi,"),
    closings=("Cheers, {c}", "Yours, {c}", "Many thanks, {c}", "— {c}"),
)  # fmt: skip

SPLITS: dict[Split, Wordings] = {"train": TRAIN, "test": TEST}
CHANNELS = ("email", "chat", "form")


def generate(split: Split, seed: int, n: int) -> list[TaskItem]:
    """`n` different messages of a split; the same for the same seed.

    A customer's thread has one to three messages of one channel about one product.
    """
    random = Random(f"triage/{split}/{seed}")
    wordings = SPLITS[split]
    items: list[TaskItem] = []
    seen: set[str] = set()
    thread = 0
    while len(items) < n:
        thread += 1
        customer, product = random.choice(wordings.customers), random.choice(PRODUCTS)
        channel = random.choice(CHANNELS)
        for _ in range(min(random.choice([1, 1, 2, 3]), n - len(items))):
            intent, urgency = random.choice(INTENTS), random.choice(URGENCIES)
            plain = random.random() < 0.7
            mention = product if plain else wordings.described[product]
            text = _message(random, wordings, channel, customer, intent, mention, urgency)
            if text in seen:
                continue
            seen.add(text)
            items.append(
                TaskItem(
                    id=f"triage-{split}-{len(items) + 1:03d}",
                    input=[
                        Message(role="system", content=SYSTEM),
                        Message(role="user", content=text),
                    ],
                    reference=answer(intent, product, urgency),
                    tags=[intent, channel, "named" if plain else "described", f"{urgency}-urgency"],
                    cluster=f"thread-{thread:03d}",
                )
            )
    return items


def answer(intent: str, product: str, urgency: str) -> str:
    """The right output, as one line."""
    return json.dumps({"intent": intent, "product": product, "urgency": urgency})


def _message(
    random: Random,
    wordings: Wordings,
    channel: str,
    customer: str,
    intent: str,
    product: str,
    urgency: str,
) -> str:
    sentences = [random.choice(wordings.intents[intent]).format(p=product)]
    if urgency != "normal":
        sentence = random.choice(wordings.urgent if urgency == "high" else wordings.unhurried)
        sentences.insert(random.randrange(2), sentence)
    body = " ".join(sentences)
    match channel:
        case "email":
            closing = random.choice(wordings.closings).format(c=customer)
            return f"{random.choice(wordings.openings)}\n{body}\n{closing}"
        case "form":
            return f"Name: {customer}\nMessage: {body}"
        case _:
            return body.lower().rstrip(".")
