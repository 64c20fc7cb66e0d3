"""Brands: the name in the log-in page's address, and the logo that belongs to it."""

from __future__ import annotations

from servicekit.errors import Conflict, NotFound
from servicekit.portal import Brand, GetBrand, LoginPage, OpenLoginPage, SetBrand, check_brand
from servicekit.usecases.work import Work

__all__ = ["get_brand", "open_login_page", "set_brand"]


def set_brand(work: Work, command: SetBrand) -> Brand:
    """The organisation's, in place of the one before."""
    work.store.hold_tree(command.organisation)
    root = work.organisation("brand:write", command.organisation)
    check_brand(command.name, command.logo)
    brand = Brand(organisation=root.id, name=command.name, logo=command.logo)
    work.store.inbox.hold("brand", brand.name)  # two companies at once: the second one sees the first
    if any(other.organisation != root.id for other in work.store.brands.where(name=brand.name)):
        raise Conflict("Another company's log-in page has this very name: write yours more fully.", code="brand_taken")
    if work.store.brands.where(organisation=root.id):
        work.store.brands.save(brand)
    else:
        work.store.brands.add(brand)
    return brand


def get_brand(work: Work, query: GetBrand) -> Brand:
    """The organisation's own."""
    root = work.organisation("brand:read", query.organisation)
    found = work.store.brands.where(organisation=root.id)
    if not found:
        raise NotFound(f"{root.name} has set no brand.", code="no_brand", organisation=root.id)
    return found[0]


def open_login_page(work: Work, query: OpenLoginPage) -> LoginPage:
    """A known brand's, or the plain one."""
    work.operator()
    if not query.branding or "\0" in query.branding or not query.branding.isprintable():
        return LoginPage()
    found = work.store.brands.where(name=query.branding)
    return LoginPage(found[0].name, found[0].logo) if found else LoginPage()
