"""The written grammar of user turns from which dialogues are distilled.

A template is a sentence with slots in braces; a slot is one of its fillers, which may hold slots again.
Everything is lower case and keeps to the characters of the console (a-z, space, `. , ? ! '`). An opening
stands alone; a later turn is a follow-up or another opening. Drawing is seeded: equal arguments give
equal dialogues, and dialogue number n does not depend on how many are drawn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from craftc.errors import ConfigError

_FILLERS: dict[str, str] = {
    "good": "happy|glad|excited|calm|cheerful|hopeful|joyful|proud|relaxed|great",
    "bad": (
        "sad|angry|tired|scared|lonely|anxious|nervous|upset|worried|uneasy|afraid|frustrated|"
        "disgusted|surprised|gloomy|unhappy|bored|sick|stressed"
    ),
    "nice": "nice|great|fun|lovely|exciting|wonderful|interesting|scary|strange",
    "mood": "{good}|{bad}",
    "very": "|very |so |really |a bit |quite |a little ",
    "when": "today|now|this morning|tonight|this week|lately|right now",
    "person": "friend|mother|brother|sister|teacher|neighbor|family|best friend",
    "animal": "dog|cat|bird|horse|fish|rabbit|sheep|snake|monkey|cow",
    "animals": "dogs|cats|birds|horses|fish|animals|pets|snakes|sheep|insects",
    "food": (
        "soup|cake|bread|fruit|cheese|rice|chocolate|fish|apples|pizza|ice cream|vegetables|cookies|"
        "sandwiches"
    ),
    "drink": "tea|coffee|milk|water|juice",
    "place": (
        "the park|the beach|the garden|the city|the river|the lake|the forest|the mountains|school|"
        "the market|the zoo|the library|the sea|the farm|the kitchen"
    ),
    "weather": "sunny|rainy|cold|hot|windy|cloudy|warm|snowy|stormy|foggy",
    "nature": (
        "the rain|the sun|the snow|the wind|the trees|the flowers|the stars|the moon|the sky|the sea|"
        "the clouds|the storm|nature"
    ),
    "season": "summer|winter|spring|autumn",
    "doing": (
        "reading|cooking|painting|swimming|walking|singing|dancing|playing games|drawing|writing|"
        "running|baking|gardening|sleeping|fishing|learning|traveling|listening to music|"
        "watching movies|playing outside|riding my bike|cleaning the house"
    ),
    "act": (
        "read|cook|paint|swim|walk|sing|dance|play|draw|write|run|sleep|bake a cake|talk|go outside|"
        "watch a movie|play a game|listen to music|go for a walk|help people|learn new things|"
        "clean my room|visit {place}|meet my {person}"
    ),
    "thing": (
        "book|song|movie|game|color|food|animal|season|place|story|hobby|flower|day|sport|drink|memory"
    ),
    "idea": (
        "love|friendship|kindness|music|art|the future|the world|happiness|fear|life|time|sleep|"
        "change|learning|nature|work|school|family|peace|courage"
    ),
    "object": (
        "book|ball|car|house|boat|bike|clock|hat|shoe|machine|train|computer|box|key|bag|letter|"
        "window|picture|tree|flower|cup|table"
    ),
    "gross": (
        "the smell|dirty dishes|trash in the street|old food|mud|bad smells|bugs|"
        "the mess in the kitchen|spoiled milk|litter in the park|dirty water"
    ),
    "scary": (
        "the dark|storms|loud noises|spiders|being alone|thunder|the shadows|strange sounds|"
        "deep water|heights|ghosts|getting lost|tests"
    ),
    "event": (
        "i lost my {object}|i found a {object}|i got a new {object}|my {person} is sick|"
        "i made a new friend|i broke my {object}|my {person} visited me|i won a game|"
        "it started to rain|i failed a test|i saw a {animal}|my {animal} ran away|"
        "i heard a strange noise|i slept well|someone was unkind to me|i got a gift|"
        "i had a bad dream|i ate too much {food}|i missed the train"
    ),
    "feel_q": "how do you feel|how are you feeling|do you feel {mood}|are you {mood}|why are you {mood}",
}

SLOTS: Mapping[str, tuple[str, ...]] = {name: tuple(text.split("|")) for name, text in _FILLERS.items()}
"""Fillers of the slots."""

OPENINGS: tuple[str, ...] = (
    "hello",
    "hi",
    "hello!",
    "good morning",
    "good evening",
    "hi, how are you?",
    "hello, how are you?",
    "how are you?",
    "how are you {when}?",
    "{feel_q} {when}?",
    "{feel_q}?",
    "who are you?",
    "what is your name?",
    "what are you doing?",
    "what do you do for fun?",
    "i feel {very}{mood}.",
    "i feel {very}{mood} {when}.",
    "i am {very}{mood}.",
    "i am {very}{mood} {when}.",
    "i feel {very}{mood} because {event}.",
    "my {person} is {very}{mood}.",
    "my {person} feels {very}{mood} {when}.",
    "{event}.",
    "{event} today.",
    "{event} and i feel {mood}.",
    "what should i do when i feel {bad}?",
    "how can i feel better?",
    "how can i cheer up my {person}?",
    "what makes you {mood}?",
    "what makes people {mood}?",
    "what is your favorite {thing}?",
    "do you have a favorite {thing}?",
    "{doing} is my favorite hobby.",
    "my favorite food is {food}.",
    "do you like {food}?",
    "do you like {drink}?",
    "do you like {animals}?",
    "do you like {doing}?",
    "do you like {season}?",
    "do you like {nature}?",
    "do you like {place}?",
    "do you want to {act}?",
    "do you think {animals} are {mood}?",
    "i like {food}.",
    "i love {food} and {drink}.",
    "i like {animals}.",
    "i love {animals} and {animals}.",
    "i have a {animal}.",
    "i want a {animal}.",
    "my {animal} is {very}{mood}.",
    "i like {doing}.",
    "i love {doing} in {place}.",
    "i enjoy {doing} with my {person}.",
    "i want to {act}.",
    "i want to {act} {when}.",
    "i do not want to {act}.",
    "i like to {act} with my {person}.",
    "let us {act}.",
    "can we {act}?",
    "should i {act}?",
    "why do people {act}?",
    "why do people like {food}?",
    "why do people like {doing}?",
    "how do i {act}?",
    "how was your day?",
    "what did you do today?",
    "what will you do tomorrow?",
    "the weather is {weather}.",
    "the weather is {weather} {when}.",
    "it is {very}{weather} {when}.",
    "it is {weather} and i feel {mood}.",
    "do you like {weather} weather?",
    "what do you do on a {weather} day?",
    "{season} is my favorite season.",
    "i love {nature}.",
    "i can see {nature} from my window.",
    "i feel {mood} when i see {nature}.",
    "what do you think about {idea}?",
    "what do you think about {nature}?",
    "what do you think of {animals}?",
    "what does {idea} mean to you?",
    "tell me about {idea}.",
    "tell me about {place}.",
    "tell me about {nature}.",
    "tell me a story.",
    "tell me a story about a {animal}.",
    "tell me something {nice}.",
    "i think about {idea} a lot.",
    "{idea} is important.",
    "is {idea} important?",
    "why is {idea} important?",
    "i am afraid of {scary}.",
    "are you afraid of {scary}?",
    "i am nervous because of {scary}.",
    "i am disgusted by {gross}.",
    "i feel sick because of {gross}.",
    "do you see the {object}?",
    "where is my {object}?",
    "i need a {object}.",
    "this {object} is old.",
    "i like this {object}.",
    "i bought a {object} for my {person}.",
    "i went to {place} {when}.",
    "i am going to {place} with my {person}.",
    "let us go to {place}.",
    "what can i do in {place}?",
    "i had {food} for dinner.",
    "what should i eat?",
    "i am hungry.",
    "i am thirsty.",
    "i cannot sleep.",
    "i miss my {person}.",
    "i love my {person}.",
    "i talked to my {person} {when}.",
    "i have a lot of work.",
    "i learned about {idea} in school.",
    "what is {idea}?",
    "thank you.",
    "goodbye",
    "good night",
    "you are nice.",
    "can you help me?",
    "i need help with my {object}.",
    "i have a question.",
    "i do not know what to do.",
)
"""First turns of a dialogue."""

FOLLOW_UPS: tuple[str, ...] = (
    "why?",
    "why do you think so?",
    "how?",
    "really?",
    "yes.",
    "no.",
    "yes, i do.",
    "no, i do not.",
    "i agree.",
    "i do not agree.",
    "me too.",
    "i hope so.",
    "that is true.",
    "that sounds {nice}.",
    "that makes me {mood}.",
    "that is a good idea.",
    "tell me more.",
    "what do you mean?",
    "what else?",
    "what about {idea}?",
    "what about {animals}?",
    "and you?",
    "do you feel {mood}?",
    "how does it make you feel?",
    "i will try to {act}.",
    "maybe i will {act}.",
    "we could {act}.",
    "my {person} says that too.",
    "thank you.",
    "thank you, i feel better.",
    "i still feel {bad}.",
    "it makes me feel {mood}.",
    "i like {doing} too.",
    "what should we do?",
    "when?",
    "goodbye",
)
"""Later turns that need an answer before them."""

_SLOT = re.compile(r"\{([a-z_]+)\}")
_LATER_OPENING = 0.35
"""Probability that a later turn is an opening, a change of topic."""
_TURNS = (0.55, 0.30, 0.15)
"""Probabilities of one, two and three user turns."""
_BARE = 0.15
"""Probability that the last full stop or question mark of a turn is left out, as people do."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """Templates and fillers. Raises ConfigError if a template names a slot that has no fillers."""

    openings: Sequence[str] = OPENINGS
    follow_ups: Sequence[str] = FOLLOW_UPS
    slots: Mapping[str, Sequence[str]] = field(default_factory=lambda: SLOTS)

    def __post_init__(self) -> None:
        if not self.openings or not self.follow_ups:
            raise ConfigError("has no openings or no follow-ups", where="prompt grammar", legal="one of each")
        texts = [*self.openings, *self.follow_ups, *(f for fillers in self.slots.values() for f in fillers)]
        for text in texts:
            for name in _SLOT.findall(text):
                if not self.slots.get(name):
                    legal = ", ".join(sorted(self.slots))
                    raise ConfigError(
                        f"{text!r} names the slot {name!r}", where="prompt grammar", legal=legal
                    )

    def dialogue(self, seed: int, number: int) -> tuple[str, ...]:
        """Returns the user turns of one dialogue, one to three."""
        rng = np.random.default_rng([seed, number])
        turns = [self._turn(rng, self.openings)]
        for _ in range(int(rng.choice(len(_TURNS), p=_TURNS))):
            later = self.openings if rng.random() < _LATER_OPENING else self.follow_ups
            turns.append(self._turn(rng, later))
        return tuple(turns)

    def _turn(self, rng: np.random.Generator, templates: Sequence[str]) -> str:
        """Returns one user turn with all slots filled."""
        text = templates[int(rng.integers(len(templates)))]
        while (slot := _SLOT.search(text)) is not None:
            fillers = self.slots[slot[1]]
            text = text[: slot.start()] + fillers[int(rng.integers(len(fillers)))] + text[slot.end() :]
        return text[:-1] if rng.random() < _BARE and text[-1] in ".?" else text
