"""Act one: an organisation with a tree of groups, quotas, users, and numbers that can be answered."""

from __future__ import annotations

from attrs import frozen

from servicekit.cli.demo.report import Report
from servicekit.cli.demo.world import World
from servicekit.commands import Principal
from servicekit.groups import AddGroup, AddUsers, FoundOrganisation, Group, ProvideNumbers, Quota, Settings
from servicekit.ids import UserId

__all__ = ["NUMBERS", "Salon", "set_up"]

NUMBERS = ("+46766861001", "+46766861002", "+46766861003")
"""From the range that Sweden's telecom authority keeps for examples."""


@frozen
class Salon:
    """What the later acts need of it."""

    root: Group
    admin: Principal
    users: dict[str, UserId]

    def user(self, name: str) -> UserId:
        """The user ``<name>@salon.example``."""
        return self.users[f"{name}@salon.example"]


def set_up(world: World, report: Report) -> Salon:
    """Found it, as an operator; then grow it, as its administrator."""
    report.begin("An organisation is set up")
    operator = Principal.operator("demo")
    kit = world.kit
    founded = kit.perform(
        FoundOrganisation(
            name="Salong Solsidan",
            zone="Europe/Stockholm",
            admin="eva@salon.example",
            settings=Settings(
                country_code=46, sender_name="Solsidan", group_quota=Quota(100, days=30), destinations=("CH",)
            ),
        ),
        by=operator,
    )
    admin = Principal.of(founded.admin.id)
    kit.perform(ProvideNumbers(numbers=NUMBERS), by=operator)
    for number in NUMBERS:
        world.elks.set_number(number, _with_login(f"{world.at.hooks}/46elks"))

    def group(name: str, parent: Group, **settings: object) -> Group:
        return kit.perform(AddGroup(parent=parent.id, name=name, settings=Settings(**settings)), by=admin)  # type: ignore[arg-type]

    stylists = group("Stylister", founded.root, may_receive=True, group_quota=Quota(60, days=30))
    extra = group("Extra", founded.root, group_quota=Quota(1, days=7))
    weekend = group("Helg", extra)
    trainees = group("Praktik", founded.root, user_quota=Quota(1, days=1))
    users = {}
    for members, where in (
        (("anna", "bo", "cleo"), stylists),
        (("dora",), weekend),
        (("filip",), trainees),
    ):
        addresses = tuple(f"{name}@salon.example" for name in members)
        for line in kit.perform(AddUsers(group=where.id, addresses=addresses), by=admin):
            report.expect(f"{line.address} joins {where.name}", "added", line.outcome.value)
            if line.user is not None:
                users[line.address] = line.user
    return Salon(founded.root, admin, users)


def _with_login(url: str) -> str:
    """46elks proves itself by the login that stands in the address it was given."""
    from urllib.parse import quote

    from servicekit.cli.demo.world import HOOK_PASSWORD

    return url.replace("http://", f"http://46elks:{quote(HOOK_PASSWORD)}@")
