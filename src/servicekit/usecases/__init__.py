"""Use cases: the only place where rooms meet. Each loads what its decision needs, decides, saves and enqueues.

:func:`commands` and :func:`queries` say which function carries out which command or answers which query; a command without
one does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

__all__ = ["commands", "inquiries", "queries"]


@cache
def commands() -> Mapping[type, Callable[..., Any]]:
    """Every command and what carries it out."""
    from servicekit import bookings, groups, keys, meetings, messages, notices, permissions, portal
    from servicekit.outbox import effects
    from servicekit.usecases import (
        activity,
        attending,
        booking,
        branding,
        cataloguing,
        classes,
        comments,
        connecting,
        conversing,
        customer_users,
        documents,
        domains,
        doors,
        faults,
        granting,
        grouping,
        looking,
        meeting,
        membership,
        numbering,
        organising,
        readings,
        reissuing,
        series,
        settings,
        settling,
        technicians,
        texting,
        unlocking,
        wording,
    )
    from servicekit.usecases import portal as customers

    return {
        bookings.AddAbsence: cataloguing.add_absence,
        bookings.AddBranch: cataloguing.add_branch,
        bookings.AddClient: cataloguing.add_client,
        bookings.AddProvider: cataloguing.add_provider,
        bookings.AddService: cataloguing.add_service,
        bookings.Book: booking.book_service,
        bookings.BookSeat: classes.book_seat,
        bookings.BookSeries: series.book_series,
        bookings.Cancel: booking.cancel,
        bookings.CancelClass: classes.cancel_class,
        bookings.CancelSeries: series.cancel_series,
        bookings.CheckIn: booking.change_state,
        bookings.Complete: booking.change_state,
        bookings.Confirm: booking.change_state,
        bookings.EndAbsence: cataloguing.end_absence,
        bookings.MarkNoShow: booking.change_state,
        bookings.MoveClass: classes.move_class,
        bookings.MoveSeries: series.move_series,
        bookings.Rebook: booking.move,
        bookings.ScheduleClass: classes.schedule_class,
        bookings.SetBookingRules: cataloguing.set_booking_rules,
        bookings.SetBranchDoors: doors.set_branch_doors,
        bookings.SetOpeningHours: cataloguing.set_opening_hours,
        bookings.SetServiceDoors: doors.set_service_doors,
        bookings.SetWorkingHours: cataloguing.set_working_hours,
        effects.DiscardEffect: looking.discard_effect,
        effects.RetryEffect: looking.retry_effect,
        groups.AddGroup: organising.add_group,
        groups.AddUsers: membership.add_users,
        groups.ChangeOwnSignature: settings.change_own_signature,
        groups.ChangeSettings: settings.change_settings,
        groups.FoundOrganisation: organising.found_organisation,
        groups.MergeGroup: grouping.merge_group,
        groups.MoveGroup: grouping.move_group,
        groups.ProvideNumbers: numbering.provide_numbers,
        groups.ReleaseDomain: domains.release_domain,
        groups.RemoveGroup: grouping.remove_group,
        groups.RemoveUsers: membership.remove_users,
        groups.RenameGroup: grouping.rename_group,
        groups.SetAdmins: membership.set_admins,
        groups.SetSubdomain: domains.set_subdomain,
        groups.SetTopDomain: domains.set_top_domain,
        groups.WithdrawNumbers: numbering.withdraw_numbers,
        keys.NoteArrivals: attending.note_arrivals,
        keys.ReissueKey: reissuing.reissue_key,
        keys.UnlockDoor: unlocking.unlock_door,
        meetings.ConnectMeetings: connecting.connect,
        meetings.DisconnectMeetings: connecting.disconnect,
        meetings.FinishConnecting: connecting.finish_connecting,
        meetings.SetMeetingUser: meeting.set_meeting_user,
        messages.NameThread: conversing.name_thread,
        messages.SendText: texting.send_text,
        messages.SettleText: settling.settle_text,
        notices.PlanNotices: wording.plan_notices,
        notices.SaveTemplate: wording.save_template,
        notices.SetPreference: wording.set_preference,
        permissions.GrantScopes: granting.grant_scopes,
        permissions.RevokeGrant: granting.revoke_grant,
        portal.AcceptInvitation: customer_users.accept_invitation,
        portal.AddComment: comments.add_comment,
        portal.AddCustomer: customers.add_customer,
        portal.AddCustomerUser: customer_users.add_customer_user,
        portal.AddDocument: documents.add_document,
        portal.AddFacility: customers.add_facility,
        portal.AddModel: customers.add_model,
        portal.AddObject: customers.add_object,
        portal.AddOrder: customers.add_order,
        portal.AssignTechnician: customers.assign_technician,
        portal.ChangeCustomerUser: customer_users.change_customer_user,
        portal.ChooseNotices: technicians.choose_notices,
        portal.EnterReading: readings.enter_reading,
        portal.FileFaultReport: faults.file_fault_report,
        portal.InviteAgain: customer_users.invite_again,
        portal.MakeInspection: readings.make_inspection,
        portal.OpenFaultReport: faults.open_fault_report,
        portal.RecordActivity: activity.record_activity,
        portal.RemoveCustomerUser: customer_users.remove_customer_user,
        portal.SetBrand: branding.set_brand,
    }


@cache
def inquiries() -> Mapping[type, Callable[..., Any]]:
    """What reads, for a few commands, what a vendor is to be asked before they are carried out; see :mod:`.asking`."""
    from servicekit import bookings, keys
    from servicekit.usecases import attending, doors

    return {
        bookings.AddBranch: doors.ask_for_new_branch,
        bookings.AddService: doors.ask_for_new_service,
        bookings.SetBranchDoors: doors.ask_for_branch,
        bookings.SetServiceDoors: doors.ask_for_service,
        keys.NoteArrivals: attending.ask_for_arrivals,
    }


@cache
def queries() -> Mapping[type, Callable[..., Any]]:
    """Every query and what answers it."""
    from servicekit import bookings, groups, keys, mail, meetings, messages, notices, permissions, portal
    from servicekit.outbox import effects
    from servicekit.usecases import (
        activity,
        answering,
        attending,
        booking,
        branding,
        calendars,
        classes,
        comments,
        connecting,
        conversing,
        customer_users,
        documents,
        domains,
        doors,
        faults,
        granting,
        grouping,
        looking,
        mailing,
        meeting,
        membership,
        numbering,
        readings,
        searching,
        series,
        settings,
        slots,
        texting,
        unlocking,
        wording,
    )
    from servicekit.usecases import portal as customers

    return {
        bookings.FreeSlots: slots.list_free_slots,
        bookings.GetBooking: booking.get_booking,
        bookings.ListClasses: classes.list_classes,
        bookings.ListSeries: series.list_series,
        effects.ListEffects: looking.list_effects,
        groups.CountNumbers: numbering.count_numbers,
        groups.GetSettings: settings.get_settings,
        groups.ListAdmins: membership.list_admins,
        groups.ListDomains: domains.list_domains,
        groups.ListGroups: grouping.list_groups,
        groups.ListNumbers: numbering.list_numbers,
        groups.ListUsers: membership.list_users,
        groups.SmsLeft: membership.sms_left,
        keys.AtDoor: looking.door,
        keys.ListComponents: doors.list_components,
        keys.ListKeys: looking.list_keys,
        keys.ListUnlocks: unlocking.list_unlocks,
        keys.ReadAccessLog: attending.read_access_log,
        mail.ListIgnoredMails: mailing.list_ignored,
        meetings.FetchClassHostLink: meeting.fetch_class_host_link,
        meetings.FetchHostLink: meeting.fetch_host_link,
        meetings.GetConnection: connecting.get_connection,
        meetings.GetMeeting: meeting.get_meeting,
        meetings.ListHosts: meeting.list_hosts,
        messages.ListStrays: answering.list_strays,
        messages.ListThreads: conversing.list_threads,
        messages.ReadThread: conversing.read_thread,
        messages.SearchLog: texting.search_log,
        notices.DoorInformation: wording.door_information,
        notices.GetCalendarFile: calendars.get_calendar_file,
        notices.GetPreference: wording.get_preference,
        notices.PreviewTemplate: wording.preview_template,
        permissions.Explain: granting.explain,
        permissions.GetVisible: granting.get_visible,
        permissions.ListGrants: granting.list_grants,
        portal.CountUnseenFaults: faults.count_unseen_faults,
        portal.ExportPortal: searching.export_portal,
        portal.GetBrand: branding.get_brand,
        portal.GetDocument: documents.get_document,
        portal.GetFaultReport: faults.get_fault_report,
        portal.GetOrder: customers.get_order,
        portal.ListComments: comments.list_comments,
        portal.ListCustomerUsers: customer_users.list_customer_users,
        portal.ListDocuments: documents.list_documents,
        portal.ListFacilities: customers.list_facilities,
        portal.ListFaultReports: faults.list_fault_reports,
        portal.ListInspections: readings.list_inspections,
        portal.ListObjects: customers.list_objects,
        portal.ListOrders: customers.list_orders,
        portal.ListReadings: readings.list_readings,
        portal.OpenLoginPage: branding.open_login_page,
        portal.ReadActivity: activity.read_activity,
        portal.SearchPortal: searching.search_portal,
        portal.VerifyActivity: activity.verify_activity,
    }
