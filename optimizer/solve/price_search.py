"""Which prices to prove all blocks at: those that plans of the blocks ask, each looked at with quick plans first."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from optimizer.model.compiled import Compiled
from optimizer.solve.board import TOLERANCE
from optimizer.solve.knowledge import Knowledge
from optimizer.solve.plans import MERGE_SHARE, Plans
from optimizer.solve.prices import shadow_prices
from optimizer.solve.pricing import Pricing
from optimizer.solve.proofs import Proofs
from optimizer.solve.streams import Job
from optimizer.solve.tasks import Tasks
from optimizer.solve.work import Answer

SKETCHES, SKETCHING = 3, 0.25
"""Looks before the first proof: so many, more while less than a share of the time is gone."""
FEWEST, HALF = 2, 0.5
"""Fewer, but so many at least, where the next would end with less than a share of the time left."""
LOOKS = 2
"""Looks before all blocks are proved at other prices."""
OUTWARD = 0.7
"""How far prices move from the best so far towards those asked for (smoothing; Wentges 1997)."""


class PriceSearch:
    """Prices near the best so far.

    Parameters
    ----------
    proofs
        Solves the blocks for quick plans.
    plans
        Told of every look, which brings new plans of all blocks.

    Attributes
    ----------
    between
        Worth of the blocks' plans at the best prices looked at, which lies between plan and bound; infinite before.
    """

    def __init__(self, compiled: Compiled, knowledge: Knowledge, proofs: Proofs, plans: Plans, tasks: Tasks) -> None:
        self.knowledge, self.proofs, self.plans, self.tasks = knowledge, proofs, plans, tasks
        self.pricing = Pricing(compiled, knowledge.split)
        self.between = np.inf

    def before_the_first_proof(self) -> Generator[Job | None, None, int]:
        """Number of the best of some price vectors, the shadow prices of the relaxation first."""
        reference = self.knowledge.prices.reference
        began = self.tasks.left()
        best = yield from self._look(reference, reference)
        took = began - self.tasks.left()
        yield from self.proofs.patiently(best)
        self._looked(best)
        looks = 1
        while self._another(looks, took):
            asked = yield from self._asked(best)
            if asked is None:
                break
            best = yield from self._look(self.knowledge.prices.add(asked), best)
            looks += 1
        return best

    def _another(self, looks: int, took: float) -> bool:
        """Whether to look once more before the first proof.

        Parameters
        ----------
        looks
            How many there were.
        took
            Seconds that the first took.
        """
        if self.tasks.settings.nodes is not None:
            return looks < SKETCHES
        left, of_all = self.tasks.left(), self.tasks.seconds
        in_time = looks < FEWEST or left - took > HALF * of_all
        return (looks < SKETCHES and in_time) or left > (1.0 - SKETCHING) * of_all

    def near_the_reference(self) -> Generator[Job | None, None, int]:
        """Number of the best of a few price vectors near the reference; the reference itself where none promises more."""
        best = self.knowledge.prices.reference
        for _ in range(LOOKS):
            asked = yield from self._asked(best)
            if asked is None:
                break
            best = yield from self._look(self.knowledge.prices.add(asked), best)
        return best

    def _look(self, number: int, best: int) -> Generator[Job | None, None, int]:
        """Quick plans of every block at prices; whether these or the best so far promise the lower bound."""
        yield from self.proofs.sketch(number)
        if number != best:
            forward = self.knowledge.promise(number) < self.knowledge.promise(best)
            self.knowledge.prices.stepped(forward=forward)
            best = number if forward else best
        self._looked(best)
        return best

    def _looked(self, best: int) -> None:
        self.between = self.knowledge.worth(best)
        self.plans.wake()

    def _asked(self, near: int) -> Generator[Job | None, None, np.ndarray | None]:
        """Prices that the plans known of the blocks ask, near others; None where not all blocks have plans."""
        if not self.knowledge.met:
            return None
        blocks, centre = self.knowledge.blocks, self.knowledge.prices[near]
        for known in blocks:
            known.forget(centre)
        self.plans.remember()
        answers: list[Answer] = []
        counts = [len(known.plans) for known in blocks]
        programme = self.pricing.programme(blocks, centre, self.knowledge.prices.width(near))
        seconds = self.tasks.limit(MERGE_SHARE * self.tasks.seconds)
        yield Job(self.tasks.make(programme, None, 0.0, seconds), answers.append)
        while not answers:
            yield None
        if answers[0].duals is None:
            return None
        self._mix(counts, answers[0].plans[-1])
        asked = shadow_prices(self.knowledge.split, answers[0].duals[self.pricing.shared])
        return centre + OUTWARD * (asked - centre)

    def _mix(self, counts: Sequence[int], shares: np.ndarray) -> None:
        """Tell mergers which plans of each block the master took shares of."""
        of_block = np.split(shares, np.cumsum(counts))
        for known, mine in zip(self.knowledge.blocks, of_block, strict=False):
            known.mixed = [plan for plan, share in zip(known.plans, mine, strict=False) if share > TOLERANCE]
