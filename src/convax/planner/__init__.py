"""Which way, and why: prices for the work that algorithms count, and the choice between them."""

from convax.planner.device import DeviceModel, device_name
from convax.planner.plan import Candidate, Plan, choose, estimates, make_plan, resolve_algorithm
from convax.planner.remembered import Remembered
from convax.planner.timing import contenders, measure, promising, race
from convax.planner.wisdom import Wisdom, active_wisdom, use_wisdom

__all__ = [
    "Candidate",
    "DeviceModel",
    "Plan",
    "Remembered",
    "Wisdom",
    "active_wisdom",
    "choose",
    "contenders",
    "device_name",
    "estimates",
    "make_plan",
    "measure",
    "promising",
    "race",
    "resolve_algorithm",
    "use_wisdom",
]
