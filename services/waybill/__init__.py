"""Consignment lists and waybills: what travels, by whom, in what, where to, and every change to it.

Other slices ask with ``relations``, ``subjects_of_…`` and ``for_loading``; those who load tell with ``give_clearance`` and
``void_clearance``; those who follow vehicles with ``record_positioning`` and ``record_presence``. What changes on the way
is told to them through the outbox, topic ``TRIP_TOPIC``.
"""

from services.waybill.consignment.reads import relations as consignment_relations
from services.waybill.consignment.reads import subjects_of_list as subjects_of_consignment_list
from services.waybill.consignment.reads import subjects_of_waybill
from services.waybill.index_store import add_division as record_presence
from services.waybill.loading import ForLoading, check_quantities, for_loading, give_clearance, void_clearance
from services.waybill.occupancy.resources_store import one_and_the_same
from services.waybill.positioning_store import record as record_positioning
from services.waybill.relations import relations
from services.waybill.subjects import subjects_of_organisation, subjects_of_vehicle
from services.waybill.trip_fact import TOPIC as TRIP_TOPIC

__all__ = [
    "TRIP_TOPIC",
    "ForLoading",
    "check_quantities",
    "consignment_relations",
    "for_loading",
    "give_clearance",
    "one_and_the_same",
    "record_positioning",
    "record_presence",
    "relations",
    "subjects_of_consignment_list",
    "subjects_of_organisation",
    "subjects_of_vehicle",
    "subjects_of_waybill",
    "void_clearance",
]
