"""Which way, and why: prices for the work that algorithms count, and the choice between them."""

from convax.planner.device import DeviceModel
from convax.planner.plan import Candidate, Plan, choose, make_plan, resolve_algorithm

__all__ = ["Candidate", "DeviceModel", "Plan", "choose", "make_plan", "resolve_algorithm"]
