"""What the sparse learner assumes before it sees anything."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SparseSettings:
    """What the learner assumes before it sees anything; the defaults serve all users.

    Attributes:
        expected_liked: Tags a user is expected to like, out of however many there are.
        expected_disliked: Tags a user is expected to dislike.
        worths: Grid of one tag's worth in Gumbel units.
        hazards: Chance per event that a tag's sign is drawn anew while the taste is steady, and
            while it is changing.
        upheaval: Chance that a tag's sign is drawn anew at the moment a steady taste starts to
            change.
        switches: Chance per event that a steady taste starts to change, and that it settles.
        couplings: Grid of the log-odds that a surely liked identical twin lends to a tag; used
            only with a kernel.
        relevance_weights: Grid of the weight of relevance in Gumbel units.
        replacement: How fast tags that went missing are expected among the others, per event.
        slip: Share of rankings that are random.
        window: Recent rankings kept for matching again.
        rematched: How many of them are matched again at once.
        rounds: How often that is done per event.
        damping: How far a ranking matched again moves towards its new contribution, up to 1.
        lattice_limit: Largest table; rankings beyond it are split in independent parts.
        candour: Share of the log-odds learned that designing believes. Projected on independent
            tags the posterior is a little too sure, and what it wrongly ruled out must be asked
            about again.
        design_limit: Largest table for exact information; beyond it users are drawn.
        state_bytes: Room for the state's bytes; older rankings leave the window to keep to it.
    """

    expected_liked: float = 3.0
    expected_disliked: float = 0.1
    worths: tuple[float, ...] = (0.4, 1.0, 1.8, 2.8)
    hazards: tuple[float, float] = (0.001, 0.03)
    upheaval: float = 0.6
    switches: tuple[float, float] = (0.005, 0.05)
    couplings: tuple[float, ...] = (0.0, 3.0)
    relevance_weights: tuple[float, ...] = (0.0, 0.7, 1.5, 3.0, 6.0)
    replacement: float = 0.3
    slip: float = 0.01
    window: int = 24
    rematched: int = 8
    rounds: int = 2
    damping: float = 0.7
    lattice_limit: int = 2500
    candour: float = 0.85
    design_limit: int = 6500
    state_bytes: int = 13_000
