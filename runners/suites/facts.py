"""Common knowledge: opposites and capitals (easy), animals' young (hard)."""

from random import Random

from runners.suites.items import Question, SuiteItem, fill

OPPOSITES = {
    "hot": "cold", "big": "small", "up": "down", "left": "right", "day": "night",
    "open": "closed", "happy": "sad", "fast": "slow", "early": "late", "light": "dark",
    "full": "empty", "wet": "dry", "hard": "soft", "young": "old", "rich": "poor",
    "true": "false", "win": "lose", "buy": "sell", "push": "pull", "strong": "weak",
    "high": "low", "long": "short", "inside": "outside", "above": "below", "good": "bad",
    "love": "hate", "start": "end", "clean": "dirty", "thick": "thin", "loud": "quiet",
    "first": "last", "north": "south", "east": "west", "front": "back", "wide": "narrow",
    "heavy": "light", "cheap": "expensive", "alive": "dead", "remember": "forget",
    "arrive": "depart",
}  # fmt: skip

CAPITALS = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "Japan": "Tokyo",
    "China": "Beijing", "Russia": "Moscow", "Egypt": "Cairo", "Greece": "Athens",
    "Portugal": "Lisbon", "Austria": "Vienna", "Poland": "Warsaw", "Norway": "Oslo",
    "Sweden": "Stockholm", "Finland": "Helsinki", "Denmark": "Copenhagen", "Ireland": "Dublin",
    "Hungary": "Budapest", "Cuba": "Havana", "Canada": "Ottawa", "Kenya": "Nairobi",
    "Thailand": "Bangkok", "South Korea": "Seoul", "Belgium": "Brussels", "Turkey": "Ankara",
    "Argentina": "Buenos Aires", "Peru": "Lima", "Vietnam": "Hanoi", "Iran": "Tehran",
    "Czech Republic": "Prague", "Mexico": "Mexico City", "Switzerland": "Bern",
    "India": "New Delhi",
    "Chile": "Santiago", "Romania": "Bucharest", "Bulgaria": "Sofia", "Iraq": "Baghdad",
    "Serbia": "Belgrade", "Ukraine": "Kyiv", "Indonesia": "Jakarta",
}  # fmt: skip

YOUNG = {
    "dog": "puppy", "cat": "kitten", "cow": "calf", "horse": "foal", "sheep": "lamb",
    "lion": "cub", "bear": "cub", "deer": "fawn", "goat": "kid", "pig": "piglet",
    "duck": "duckling", "goose": "gosling", "hen": "chick", "frog": "tadpole", "kangaroo": "joey",
    "elephant": "calf", "tiger": "cub", "wolf": "pup",
}  # fmt: skip


def generate(seed: int, n: int) -> list[SuiteItem]:
    return fill("facts", seed, n, _opposite_or_capital, _young)


def _opposite_or_capital(random: Random) -> Question:
    if random.random() < 0.5:
        word, answer = random.choice(list(OPPOSITES.items()))
        return f"What is the opposite of {word}?", answer
    country, capital = random.choice(list(CAPITALS.items()))
    return f"What is the capital of {country}?", capital


def _young(random: Random) -> Question:
    animal, young = random.choice(list(YOUNG.items()))
    form = random.choice(["What is a young {} called?", "What is the baby of a {} called?"])
    return form.format(animal), young
