"""How a sum of shifted slices is divided: its terms into passes, its outputs into parts that are summed on their own.

XLA's CPU has its own rules of what becomes of such a sum: what it computes anew for each term, what it keeps, and which
loops it divides between threads. They are foreseen here.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools

from convax.algorithms.target import is_for_cpu
from convax.algorithms.windows import within
from convax.core.spec import ConvSpec
from convax.core.threads import threads
from convax.core.work import is_split

__all__ = ["Passes"]

# A loop over a number of outputs that the threads share evenly, however many take part, needs no test of its bounds.
EVEN = 2 if threads() <= 2 else 64
# Outputs of a row that the threads may share with others like it; shorter ones end too often.
ROW = 4096
# Outputs of the rows whose first and last meet all padding: at least so many in a long sum, which has so many rows, and
# in a short one. Of fewer rows those two would be too much.
LONG_END, SHORT_END, ROWS_OF_LONG, FEWEST = 1024, 32, 512, 20
# Times that a value is computed anew within a loop before it is kept apart.
MOST_REPEATED = 15
# Bytes from which on the result of one pass is kept apart from what follows: it would be summed again at each use.
KEPT = 256 << 10
# Terms from which on a GPU pads ahead.
MANY_TESTS = 16


@dataclasses.dataclass(frozen=True)
class Passes:
    """The passes over memory that sum one convolution.

    Args:
        spec: The convolution.
        block: Most terms, each of one tap and one channel, of a pass.

    Example:
        >>> from convax.core import Geometry
        >>> passes = Passes(ConvSpec(Geometry(1000, 40)), block=16)
        >>> passes.count, [len(terms) for terms in passes.terms]
        (3, [14, 14, 12])
        >>> Passes(ConvSpec(Geometry(1000, 5, padding=(2, 2))), block=16).parts
        [range(0, 2), range(2, 998), range(998, 1000)]
    """

    spec: ConvSpec
    block: int

    @property
    def count(self) -> int:
        """Passes."""
        return -(-self._all_terms // self.block)

    @property
    def terms(self) -> list[list[tuple[int, int]]]:
        """The (tap, channel) of each pass: nearly as many of each."""
        every = list(itertools.product(range(self.spec.geometry.taps), range(self.spec.group_channels)))
        return [every[start : start + self._most] for start in range(0, len(every), self._most)]

    @functools.cached_property
    def parts(self) -> list[range]:
        """The outputs, in parts that are summed each on their own.

        Those that meet padding stand apart from those within the signal. Where threads would share one row unevenly,
        and it makes no rows, what they can share stands apart from the rest, of two at least: a single one would be
        joined as a scalar.
        """
        if self.end:
            return self._edges
        inner = max(self._edges, key=len)
        even = range(inner.start, inner.start + (len(inner) - 2) // EVEN * EVEN)
        if not (even and self._is_shared_unevenly(inner)) or self.rows(inner) > 1:
            return self._edges
        before = [range(inner.start)] if inner.start else []
        return [*before, even, range(even.stop, self.spec.geometry.output)]

    @functools.cached_property
    def end(self) -> int:
        """Outputs of the rows that a single pass over a padded signal is summed in; or 0, where it is not.

        Only the first and the last row meet padding. XLA joins rows to rows within the loop that sums them: which row
        it is decides outside of the loop over its outputs, which is vectorised as if there were no padding.
        """
        spec, geometry, inner = self.spec, self.spec.geometry, within(self.spec.geometry)
        longest = max(inner.start, geometry.output - inner.stop)
        is_one_pass = is_for_cpu() and self.count == 1 and not spec.layout.channels_last and spec.bytes > KEPT
        # Narrow types are widened at each load, which takes longer in short rows than a pass that widens them ahead.
        is_wide = self._is_one_row or spec.dtype.bytes >= spec.accumulator.bytes
        if longest <= 0 or not (is_one_pass and is_wide):
            return 0
        least = max(longest, min(LONG_END, max(SHORT_END, geometry.output // ROWS_OF_LONG)))
        rows = _rows(geometry.output, least, FEWEST)
        return geometry.output // rows if rows > 1 else 0

    def rows(self, outputs: range) -> int:
        """Rows that a part is summed in: threads that share one row unevenly test each of its outputs, but no rows.

        A pass that adds to the one before would take two or three times as long in rows.
        """
        if self.end:
            return len(outputs) // self.end
        is_single = self.spec.group_channels == self.spec.group_features == 1
        in_rows = is_single and self.count == 1 and self._is_shared_unevenly(outputs)
        return _rows(len(outputs), ROW, max(2, threads())) if in_rows else 1

    @property
    def is_padded_ahead(self) -> bool:
        """Whether padding is a pass of its own, and no test for each sample that is loaded."""
        if self.spec.geometry.padding == (0, 0) or self.end:
            return False
        if not is_for_cpu():
            return self._all_terms >= MANY_TESTS
        # Joining the parts of many rows takes longer, unless they are small or lie in one piece.
        rows = not self._is_one_row and not self.spec.layout.channels_last
        return self.count > 1 or (self.spec.bytes > KEPT and rows)

    @property
    def is_fenced(self) -> bool:
        """Whether the first pass is compiled on its own."""
        # Parts of one row are then joined by a pass of their own; others for less within the loop that sums them.
        joined = len(self.parts) == 1 or (self._is_one_row and len(self._edges) > 1)
        return self.count > 1 or (self.spec.bytes > KEPT and joined)

    @property
    def copied(self) -> int:
        """Elements that are copied apart from the sums: the padded data, or the outputs whose parts are joined."""
        data, _, output = self.spec.sizes
        joined = self.count == 1 and self.is_fenced and len(self.parts) > 1 and not self.end
        return data if self.is_padded_ahead else output * joined

    @property
    def temporaries(self) -> int:
        """Bytes of the padded data, and of the sums that a pass hands to the next."""
        sums = self.spec.sizes[2] * (self.count > 1)
        return self.spec.accumulator.bytes * (self.copied + sums)

    @property
    def divided(self) -> int:
        """Passes that XLA's CPU divides between threads."""
        last = self._all_terms - (self.count - 1) * self._most
        if self.count == 1:
            return int(self._is_divided(0, last))
        middle = (self.count - 2) * self._is_divided(1, self._most)
        return self._is_divided(0, self._most) + middle + self._is_divided(1, last)

    @property
    def _is_one_row(self) -> bool:
        return self.spec.group_batch * self.spec.features == 1

    def _is_shared_unevenly(self, outputs: range) -> bool:
        return is_for_cpu() and self._is_one_row and len(outputs) % EVEN > 0 and self.divided > 0

    @property
    def _all_terms(self) -> int:
        return self.spec.geometry.taps * self.spec.group_channels

    @property
    def _most(self) -> int:
        """Terms of each pass but the last, which may have fewer."""
        return -(-self._all_terms // self.count)

    def _is_divided(self, number: int, terms: int) -> bool:
        spec = self.spec
        window, outputs = spec.sizes[2] // spec.group_features, spec.sizes[2]
        # Another shape is moved into the loop, unless it would be repeated there too often; then all reads of the data
        # count as one.
        reads = 1 if spec.group_channels > 1 and terms <= MOST_REPEATED else terms
        sums = outputs * (1 + (number > 0))  # what is written, and what the pass before has written
        return is_split(2 * terms * outputs, spec.accumulator.bytes * (reads * window + sums))

    @functools.cached_property
    def _edges(self) -> list[range]:
        """All outputs; or those that meet padding, those that do not, and again those that do.

        None has a single one: that would be a scalar, and XLA would join it to the others one by one.
        """
        everything = range(self.spec.geometry.output)
        if self.spec.geometry.padding == (0, 0) or self.is_padded_ahead or not is_for_cpu():
            return [everything]
        inner = within(self.spec.geometry)
        if self.end:
            start, stop = self.end * (inner.start > 0), everything.stop - self.end * (inner.stop < everything.stop)
            return [part for part in (range(start), range(start, stop), range(stop, everything.stop)) if part]
        start = max(2, inner.start) if inner.start else 0
        stop = everything.stop if inner.stop == everything.stop else min(everything.stop - 2, inner.stop)
        if stop - start < 2:
            return [everything]
        return [part for part in (range(start), range(start, stop), range(stop, everything.stop)) if part]


@functools.lru_cache(maxsize=256)  # asked for by each candidate, and again where it is compiled
def _rows(outputs: int, least: int, fewest: int) -> int:
    """The most rows of equal length, of so many outputs at least, if there are so many; else one."""
    return next((rows for rows in range(outputs // least, fewest - 1, -1) if outputs % rows == 0), 1)
