"""Keep the schedules of prefect.yaml on this machine: Prefect's scheduler, and the runner of what is due.

Folders are kept apart by the names of their deployments and not by a Prefect home each: a configured server is shared
all the same, a fresh home takes 12 s, and one home shows every run on one page.
"""

from __future__ import annotations

import asyncio
import difflib
import hashlib
import platform
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas import filters
from prefect.client.schemas.objects import ConcurrencyLimitConfig, FlowRun, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import MissingFlowError
from prefect.flows import load_flow_from_entrypoint
from prefect.runner import Runner
from prefect.schedules import Cron, Interval, RRule, Schedule
from prefect.states import Cancelled, Crashed

from flows.server import prefect_server
from selvedge import proc
from selvedge.errors import SelvedgeError
from selvedge.io import read_yaml

SCHEDULES = Path("prefect.yaml")
TAKEN = "process {other} serves this folder already; stop it first"  # each of two would run everything
AT_ONCE = 1  # runs of a folder: a training takes every core, and the catalogue waits for it
KNOWN = ("name", "entrypoint", "description", "parameters", "schedules", "concurrency_limit", "tags", "work_pool")
IN = "in "  # how the tag begins that names the folder


@dataclass(frozen=True)
class Place:
    """A folder whose deployments are served, and its machine."""

    folder: str
    machine: str

    @property
    def tags(self) -> list[str]:
        return [f"selvedge@{self.machine}", f"{IN}{self.folder}"]

    @property
    def mark(self) -> str:
        """How the names of this folder's deployments end."""
        return "-" + hashlib.sha256(" ".join(self.tags).encode()).hexdigest()[:8]


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
    SelvedgeError when prefect.yaml is wrong, when this folder is served already, or when no Prefect server answers.
    """
    planned = read_deployments()
    with proc.only_writer("serve", refusal=TAKEN), prefect_server(scheduler=True) as (api, own):
        place = Place(str(Path.cwd()), platform.node())
        runner = ServeRunner(limit=AT_ONCE)  # at its end it pauses them, or other servers would schedule for nobody
        served = [_added(runner, _deployment(plan, place)) for plan in planned]
        with get_client(sync_client=True) as client:
            left = [found for found in _of_here_or_gone(client, planned, place, own) if found.id not in served]
            missed = _settle_runs(client, [*served, *(deployment.id for deployment in left)])
            for deployment in left:
                client.delete_deployment(deployment.id)
        _say(planned, api, missed, left)
        with suppress(KeyboardInterrupt):
            asyncio.run(runner.start())


class ServeRunner(Runner):
    """Prefect's runner, which ends on SIGTERM as on Ctrl-C."""

    def handle_sigterm(self, *_: Any) -> None:
        """Stop in the runner's own loop; Prefect's method (3.8.8) exits without waiting for that."""
        if not self.started:
            raise SystemExit
        self.execute_in_background(self.astop)


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


def _deployment(plan: Planned, place: Place) -> RunnerDeployment:
    """The deployment of this folder. Its path is ".": any other, Prefect would copy to where a run works."""
    try:
        made = load_flow_from_entrypoint(plan.entrypoint).to_deployment(
            name=plan.name + place.mark,
            schedules=list(plan.schedules),
            parameters=plan.parameters,
            concurrency_limit=plan.limit,
            description=plan.description,
            tags=[*plan.tags, *place.tags],
        )
    except (OSError, ImportError, MissingFlowError, ValueError) as error:
        raise SelvedgeError(f"{SCHEDULES}: deployment {plan.name!r}: {' '.join(str(error).split())}") from None
    assert isinstance(made, RunnerDeployment)  # a coroutine only where an event loop runs
    return made


def _added(runner: Runner, deployment: RunnerDeployment) -> UUID:
    found = runner.add_deployment(deployment)
    assert isinstance(found, UUID)  # a coroutine only where an event loop runs
    return found


def _of_here_or_gone(
    client: SyncPrefectClient, planned: list[Planned], place: Place, own: bool
) -> list[DeploymentResponse]:
    """The deployments of this folder, and of folders of this machine that are gone.

    Earlier versions named no folder in them, but had it as path; whose they are is known on a server of our `own`.
    """

    def read(**criteria: Any) -> list[DeploymentResponse]:
        return client.read_deployments(deployment_filter=filters.DeploymentFilter(**criteria))

    found = [
        (deployment, tag.removeprefix(IN))
        for deployment in read(tags=filters.DeploymentFilterTags(all_=place.tags[:1]))
        for tag in deployment.tags
        if deployment.name.endswith(Place(tag.removeprefix(IN), place.machine).mark)
    ]
    earlier = {(plan.name, plan.entrypoint) for plan in planned}
    for deployment in read(name=filters.DeploymentFilterName(any_=[plan.name for plan in planned])):
        path = deployment.path if (deployment.name, deployment.entrypoint) in earlier else None
        if path and not deployment.work_pool_name and (own or path == place.folder):
            found.append((deployment, path))
    return [deployment for deployment, folder in found if folder == place.folder or _is_gone(folder)]


def _is_gone(folder: str) -> bool:
    try:
        (Path(folder) / SCHEDULES).stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # another user's, perhaps
        pass
    return False


def _settle_runs(client: SyncPrefectClient, deployments: list[UUID]) -> int:
    """Cancel runs of `deployments` whose time passed while nobody served; returns how many.

    A folder is served by one process, which has only begun. What counts as running was killed with the one before; it
    would hold its place in the concurrency limit for good.
    """
    ours = filters.DeploymentFilter(id=filters.DeploymentFilterId(any_=deployments))

    def runs(*kinds: StateType) -> list[FlowRun]:
        state = filters.FlowRunFilterState(type=filters.FlowRunFilterStateType(any_=list(kinds)))
        return client.read_flow_runs(deployment_filter=ours, flow_run_filter=filters.FlowRunFilter(state=state))

    now = datetime.now(UTC)
    missed = [r for r in runs(StateType.SCHEDULED) if r.auto_scheduled and (r.expected_start_time or now) < now]
    for run in missed:
        client.set_flow_run_state(run.id, Cancelled(message="fell due while nobody served"))
    for run in runs(StateType.RUNNING, StateType.PENDING, StateType.CANCELLING):
        client.set_flow_run_state(run.id, Crashed(message="its process was gone when `selvedge serve` began"))
    return len(missed)


def _say(planned: list[Planned], api: str, missed: int, left: list[DeploymentResponse]) -> None:
    for plan in planned:
        for schedule in plan.schedules:
            when = schedule.cron or schedule.rrule or f"every {schedule.interval}"
            print(f"{plan.name}: {when} {schedule.timezone or 'UTC'}; next {_next(schedule):%A %Y-%m-%d %H:%M %Z}")
        if not plan.schedules:
            print(f"{plan.name}: no schedule")
    if missed:
        print(f"left out, as they fell due while nobody served: {missed} runs")
    if left:
        names = ", ".join(sorted(deployment.name for deployment in left))
        print(f"taken out of Prefect, as nobody can serve them any more: {names}")
    print(f"history and a button to run one now: {api.removesuffix('/api')}; Ctrl-C stops", flush=True)


def _next(schedule: Schedule) -> datetime:
    """When a schedule fires next, by the rules of Prefect's own scheduler."""
    from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule

    now, spec = datetime.now(UTC), {"timezone": schedule.timezone or "UTC"}
    rule: IntervalSchedule | CronSchedule | RRuleSchedule
    if schedule.interval:
        rule = IntervalSchedule.model_validate(
            {**spec, "interval": schedule.interval, "anchor_date": schedule.anchor_date}
        )
    elif schedule.cron:
        rule = CronSchedule.model_validate({**spec, "cron": schedule.cron, "day_or": schedule.day_or})
    else:
        rule = RRuleSchedule.model_validate({**spec, "rrule": schedule.rrule})
    return asyncio.run(rule.get_dates(1, start=now + timedelta(seconds=1)))[0]
