"""Keep the schedules of prefect.yaml on this machine: Prefect's scheduler, and the runner of what is due."""

from __future__ import annotations

import asyncio
import difflib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import prefect
from prefect.client.orchestration import get_client
from prefect.client.schemas import filters
from prefect.client.schemas.objects import ConcurrencyLimitConfig, FlowRun, StateType
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron, Interval, RRule, Schedule
from prefect.states import Cancelled, Crashed

from flows.server import prefect_server
from selvedge.errors import SelvedgeError
from selvedge.io import read_yaml

SCHEDULES = Path("prefect.yaml")
AT_ONCE = 1  # runs on this machine: a training takes every core, and the catalogue waits for it
KNOWN = ("name", "entrypoint", "description", "parameters", "schedules", "concurrency_limit", "tags", "work_pool")


@dataclass(frozen=True)
class Planned:
    """A deployment of prefect.yaml."""

    name: str
    entrypoint: str
    description: str | None
    parameters: dict[str, Any]
    schedules: tuple[Schedule, ...]
    limit: ConcurrencyLimitConfig | None
    tags: tuple[str, ...]


def serve_deployments() -> None:
    """Serve the deployments of prefect.yaml until stopped; `selvedge serve`.

    Runs have this folder as working directory. What fell due while nobody served is not made up for. Raises
    SelvedgeError when prefect.yaml is wrong or Prefect's server does not start.
    """
    planned = read_deployments()
    with prefect_server(scheduler=True) as (api, own):
        deployments = [_deployment(plan) for plan in planned]
        for deployment in deployments:
            deployment.apply()
        missed = _settle_what_was_left([plan.name for plan in planned], own)
        _say(planned, api, missed)
        warnings.filterwarnings("ignore", message="coroutine 'Runner.astop' was never awaited")  # Prefect's, at SIGTERM
        # Not paused at the end: a paused deployment stays so, and its schedule would silently never fire again.
        prefect.serve(*deployments, limit=AT_ONCE, pause_on_shutdown=False, print_starting_message=False)


def read_deployments(path: str | Path = SCHEDULES) -> list[Planned]:
    """The deployments of prefect.yaml; raises SelvedgeError naming the one that is wrong."""
    path = Path(path)
    raw = read_yaml(path, "run this in the project's folder")
    deployments = raw.get("deployments") if isinstance(raw, dict) else None
    if not isinstance(deployments, list) or not deployments:
        raise SelvedgeError(f"{path}: holds no deployments")
    return [_planned(path, entry) for entry in deployments]


def _planned(path: Path, entry: dict[str, Any]) -> Planned:
    where = f"{path}: deployment {entry.get('name', '?')!r}"
    for key in entry:
        if key not in KNOWN:
            near = difflib.get_close_matches(key, KNOWN, n=1)
            raise SelvedgeError(
                f"{where}: unknown key {key!r}; {f'did you mean {near[0]!r}?' if near else 'remove it'}"
            )
    try:
        limit = entry.get("concurrency_limit")
        return Planned(
            name=entry["name"],
            entrypoint=entry["entrypoint"],
            description=entry.get("description"),
            parameters=entry.get("parameters") or {},
            schedules=tuple(_schedule(schedule) for schedule in entry.get("schedules") or ()),
            limit=ConcurrencyLimitConfig(**({"limit": limit} if isinstance(limit, int) else limit)) if limit else None,
            tags=tuple(entry.get("tags") or ()),
        )
    except KeyError as error:
        raise SelvedgeError(f"{where}: {error.args[0]!r} is missing") from None
    except (TypeError, ValueError) as error:
        raise SelvedgeError(f"{where}: {' '.join(str(error).split())}") from None


def _schedule(spec: dict[str, Any]) -> Schedule:
    """`{cron: ...}`, `{interval: seconds}` or `{rrule: ...}`, as `prefect deploy` reads them; raises ValueError."""
    kinds: dict[str, Callable[..., Schedule]] = {"cron": Cron, "interval": Interval, "rrule": RRule}
    spec = dict(spec)
    found = [kind for kind in kinds if kind in spec]
    if len(found) != 1:
        raise ValueError(f"a schedule has one of {', '.join(kinds)}")
    return kinds[found[0]](spec.pop(found[0]), **spec)


def _deployment(plan: Planned) -> RunnerDeployment:
    return RunnerDeployment.from_entrypoint(
        plan.entrypoint,
        name=plan.name,
        schedules=list(plan.schedules),
        parameters=plan.parameters,
        concurrency_limit=plan.limit,
        description=plan.description,
        tags=list(plan.tags),
    )


def _settle_what_was_left(names: list[str], own: bool) -> int:
    """Cancel scheduled runs whose time passed while nobody served; returns how many.

    On a server of our own nobody else runs anything, so what still counts as running there was killed; it would hold
    its place in the concurrency limit for good.
    """
    ours = filters.DeploymentFilter(name=filters.DeploymentFilterName(any_=names))
    with get_client(sync_client=True) as client:

        def runs(*kinds: StateType) -> list[FlowRun]:
            state = filters.FlowRunFilterState(type=filters.FlowRunFilterStateType(any_=list(kinds)))
            return client.read_flow_runs(deployment_filter=ours, flow_run_filter=filters.FlowRunFilter(state=state))

        now = datetime.now(UTC)
        missed = [r for r in runs(StateType.SCHEDULED) if r.auto_scheduled and (r.expected_start_time or now) < now]
        for run in missed:
            client.set_flow_run_state(run.id, Cancelled(message="fell due while nobody served"))
        if own:
            for run in runs(StateType.RUNNING, StateType.PENDING, StateType.CANCELLING):
                client.set_flow_run_state(run.id, Crashed(message="its process was gone when `selvedge serve` began"))
    return len(missed)


def _say(planned: list[Planned], api: str, missed: int) -> None:
    for plan in planned:
        for schedule in plan.schedules:
            when = schedule.cron or schedule.rrule or f"every {schedule.interval}"
            print(f"{plan.name}: {when} {schedule.timezone or 'UTC'}; next {_next(schedule):%A %Y-%m-%d %H:%M %Z}")
        if not plan.schedules:
            print(f"{plan.name}: no schedule")
    if missed:
        print(f"{missed} runs that fell due while nobody served are left out")
    print(f"history and a button to run one now: {api.removesuffix('/api')}; Ctrl-C stops", flush=True)


def _next(schedule: Schedule) -> datetime:
    """When a schedule fires next, by the rules of Prefect's own scheduler."""
    from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule

    zone = schedule.timezone or "UTC"
    now = datetime.now(UTC)
    if schedule.interval:
        rule = IntervalSchedule(interval=schedule.interval, timezone=zone, anchor_date=schedule.anchor_date)
    elif schedule.cron:
        rule = CronSchedule(cron=schedule.cron, timezone=zone, day_or=schedule.day_or)
    else:
        rule = RRuleSchedule(rrule=schedule.rrule, timezone=zone)
    return asyncio.run(rule.get_dates(1, start=now + timedelta(seconds=1)))[0]
