"""The wallets of Google and Apple: which cards a run pushes, and which of them fail."""

from __future__ import annotations

from random import Random

from loyalty_simulation import faults
from loyalty_simulation.clock import DAY, HOUR, SimulatedClock
from loyalty_simulation.programs import Programs, card_id
from loyalty_simulation.timeline import Timeline

# What fails on healthy days stays well below the alert's 1 in 20 also where there is little: one card in 250, none in
# a run below 60 cards.
_CARD_FAILURE = 0.004
_FEWEST_CARDS_A_RUN = 60


class Wallets:
    """`tasks.Wallets`."""

    def __init__(self, random: Random, programs: Programs, timeline: Timeline, clock: SimulatedClock) -> None:
        self._random, self._programs = random, programs
        self._timeline, self._clock = timeline, clock
        self._retries: dict[tuple[str, str], int] = {}
        self._few_and_bad = False
        self._card_chance = 0.0
        self._cards_pushed = 0

    def cards_to_sync(self, platform: str) -> list[str]:
        self._clock.spend(self._random.uniform(0.2, 1.5))
        if platform == "apple" and self._broken(faults.APPLE_UNREACHABLE):
            raise ConnectionError("api.push.apple.com: connection refused")
        self._few_and_bad = few = platform == "google" and self._few_google_cards_and_bad()
        hour = self._clock.now % DAY // HOUR
        busy = 1.0 if 7 <= hour < 22 else 0.6
        count = 3 if few else round({"google": 150, "apple": 110}[platform] * busy * self._random.uniform(0.8, 1.2))
        programs = self._programs.with_cards()
        count = min(count, sum(program.cards_ever for program in programs) // 2)
        waiting = [] if few else [card for name, card in self._retries if name == platform]
        cards = dict.fromkeys(waiting)
        while len(cards) < count:
            program = self._random.choice(programs)
            cards[card_id(program.merchant, self._random.randint(1, program.cards_ever))] = None
        self._cards_pushed = 0
        self._card_chance = self._chance_that_a_card_fails(platform, count)
        return list(cards)[:count]

    def push_pass(self, platform: str, card_id: str) -> bool:
        self._clock.spend(self._random.uniform(0.02, 0.25))
        self._cards_pushed += 1
        if self._fails(platform, card_id):
            return False
        self._retries.pop((platform, card_id), None)
        return True

    def _few_google_cards_and_bad(self) -> bool:
        """Return a run of three cards of which two fail. So few that they are no 5% of all cards."""
        now = self._clock.now
        return self._timeline.first_time(faults.ONE_BAD_WALLET_RUN, now) or (
            self._broken(faults.EVERY_OTHER_WALLET_RUN_BAD) and now // HOUR % 2 == 0
        )

    def _chance_that_a_card_fails(self, platform: str, count: int) -> float:
        if platform == "google" and self._broken(faults.WALLET_OUTAGE):
            return 0.9
        if platform == "apple" and self._broken(faults.APPLE_CERTIFICATE):
            return 0.6
        quiet = self._broken(faults.ONE_BAD_WALLET_RUN) or self._broken(faults.EVERY_OTHER_WALLET_RUN_BAD)
        return 0.0 if quiet or count < _FEWEST_CARDS_A_RUN else _CARD_FAILURE

    def _fails(self, platform: str, card_id: str) -> bool:
        if self._few_and_bad:
            return self._cards_pushed <= 2
        if platform == "apple" and self._cards_pushed % 30 == 0 and self._broken(faults.SINGLE_APPLE_FAILURES):
            return True
        # Some customers, never the first of a merchant, deleted the pass behind the module's back: it fails until the
        # module gives up.
        if self._card_chance and int(card_id[-5:]) % 1500 == 1007:
            return True
        return self._random.random() < self._card_chance

    def count_retry(self, platform: str, card_id: str) -> int:
        count = self._retries.get((platform, card_id), 0) + 1
        self._retries[platform, card_id] = count
        return count

    def give_up(self, platform: str, card_id: str) -> None:
        del self._retries[platform, card_id]

    def _broken(self, fault: faults.Fault) -> bool:
        return self._timeline.active(fault, self._clock.now)
