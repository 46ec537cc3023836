import datetime

from callme.v1 import types_pb2 as _types_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EventKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_KIND_UNSPECIFIED: _ClassVar[EventKind]
    EVENT_KIND_QUEUED: _ClassVar[EventKind]
    EVENT_KIND_OFFERED: _ClassVar[EventKind]
    EVENT_KIND_GRANTED: _ClassVar[EventKind]
    EVENT_KIND_PASSED_OVER: _ClassVar[EventKind]
    EVENT_KIND_TAKEN_BACK: _ClassVar[EventKind]
    EVENT_KIND_RELEASED: _ClassVar[EventKind]
    EVENT_KIND_EXPIRED: _ClassVar[EventKind]
    EVENT_KIND_WITHDRAWN: _ClassVar[EventKind]
    EVENT_KIND_ABANDONED: _ClassVar[EventKind]
    EVENT_KIND_TIMED_OUT: _ClassVar[EventKind]
    EVENT_KIND_SUPERSEDED: _ClassVar[EventKind]
    EVENT_KIND_FORCE_RELEASED: _ClassVar[EventKind]
    EVENT_KIND_UNSATISFIABLE: _ClassVar[EventKind]
    EVENT_KIND_ENVIRONMENT_CREATED: _ClassVar[EventKind]
    EVENT_KIND_ENVIRONMENT_CHANGED: _ClassVar[EventKind]
    EVENT_KIND_ENVIRONMENT_DELETED: _ClassVar[EventKind]
    EVENT_KIND_STATE_CHANGED: _ClassVar[EventKind]
    EVENT_KIND_FACTS_CHANGED: _ClassVar[EventKind]
    EVENT_KIND_RESERVED: _ClassVar[EventKind]
    EVENT_KIND_CLEANING: _ClassVar[EventKind]
    EVENT_KIND_CANCEL_REQUESTED: _ClassVar[EventKind]
    EVENT_KIND_KEY_CREATED: _ClassVar[EventKind]
    EVENT_KIND_KEY_ROTATED: _ClassVar[EventKind]
    EVENT_KIND_KEY_REVOKED: _ClassVar[EventKind]
    EVENT_KIND_REFUSED: _ClassVar[EventKind]
    EVENT_KIND_POOL_CHANGED: _ClassVar[EventKind]
    EVENT_KIND_EXTENDED: _ClassVar[EventKind]
    EVENT_KIND_ACCESS_CHANGED: _ClassVar[EventKind]

class GroupBy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GROUP_BY_UNSPECIFIED: _ClassVar[GroupBy]
    GROUP_BY_ENVIRONMENT: _ClassVar[GroupBy]
    GROUP_BY_POOL: _ClassVar[GroupBy]
    GROUP_BY_REPOSITORY: _ClassVar[GroupBy]
    GROUP_BY_LABEL: _ClassVar[GroupBy]
EVENT_KIND_UNSPECIFIED: EventKind
EVENT_KIND_QUEUED: EventKind
EVENT_KIND_OFFERED: EventKind
EVENT_KIND_GRANTED: EventKind
EVENT_KIND_PASSED_OVER: EventKind
EVENT_KIND_TAKEN_BACK: EventKind
EVENT_KIND_RELEASED: EventKind
EVENT_KIND_EXPIRED: EventKind
EVENT_KIND_WITHDRAWN: EventKind
EVENT_KIND_ABANDONED: EventKind
EVENT_KIND_TIMED_OUT: EventKind
EVENT_KIND_SUPERSEDED: EventKind
EVENT_KIND_FORCE_RELEASED: EventKind
EVENT_KIND_UNSATISFIABLE: EventKind
EVENT_KIND_ENVIRONMENT_CREATED: EventKind
EVENT_KIND_ENVIRONMENT_CHANGED: EventKind
EVENT_KIND_ENVIRONMENT_DELETED: EventKind
EVENT_KIND_STATE_CHANGED: EventKind
EVENT_KIND_FACTS_CHANGED: EventKind
EVENT_KIND_RESERVED: EventKind
EVENT_KIND_CLEANING: EventKind
EVENT_KIND_CANCEL_REQUESTED: EventKind
EVENT_KIND_KEY_CREATED: EventKind
EVENT_KIND_KEY_ROTATED: EventKind
EVENT_KIND_KEY_REVOKED: EventKind
EVENT_KIND_REFUSED: EventKind
EVENT_KIND_POOL_CHANGED: EventKind
EVENT_KIND_EXTENDED: EventKind
EVENT_KIND_ACCESS_CHANGED: EventKind
GROUP_BY_UNSPECIFIED: GroupBy
GROUP_BY_ENVIRONMENT: GroupBy
GROUP_BY_POOL: GroupBy
GROUP_BY_REPOSITORY: GroupBy
GROUP_BY_LABEL: GroupBy

class Event(_message.Message):
    __slots__ = ("revision", "time", "kind", "pool", "environment", "lease_id", "holder", "principal", "by", "reason", "slots", "created_at", "granted_at", "state", "capacity", "principal_label", "subject")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    GRANTED_AT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_LABEL_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    revision: int
    time: _timestamp_pb2.Timestamp
    kind: EventKind
    pool: str
    environment: str
    lease_id: str
    holder: _types_pb2.Holder
    principal: str
    by: _types_pb2.EndedBy
    reason: str
    slots: int
    created_at: _timestamp_pb2.Timestamp
    granted_at: _timestamp_pb2.Timestamp
    state: _types_pb2.EnvironmentState
    capacity: int
    principal_label: str
    subject: str
    def __init__(self, revision: _Optional[int] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kind: _Optional[_Union[EventKind, str]] = ..., pool: _Optional[str] = ..., environment: _Optional[str] = ..., lease_id: _Optional[str] = ..., holder: _Optional[_Union[_types_pb2.Holder, _Mapping]] = ..., principal: _Optional[str] = ..., by: _Optional[_Union[_types_pb2.EndedBy, _Mapping]] = ..., reason: _Optional[str] = ..., slots: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., granted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[_types_pb2.EnvironmentState, str]] = ..., capacity: _Optional[int] = ..., principal_label: _Optional[str] = ..., subject: _Optional[str] = ...) -> None: ...

class EventFilter(_message.Message):
    __slots__ = ("pool", "environment", "lease_id", "holder", "principal", "kinds", "since", "until", "held_at", "subject")
    POOL_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    HELD_AT_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    pool: str
    environment: str
    lease_id: str
    holder: str
    principal: str
    kinds: _containers.RepeatedScalarFieldContainer[EventKind]
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    held_at: _timestamp_pb2.Timestamp
    subject: str
    def __init__(self, pool: _Optional[str] = ..., environment: _Optional[str] = ..., lease_id: _Optional[str] = ..., holder: _Optional[str] = ..., principal: _Optional[str] = ..., kinds: _Optional[_Iterable[_Union[EventKind, str]]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., held_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., subject: _Optional[str] = ...) -> None: ...

class ListEventsRequest(_message.Message):
    __slots__ = ("filter", "page_size", "page_token")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    filter: EventFilter
    page_size: int
    page_token: str
    def __init__(self, filter: _Optional[_Union[EventFilter, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListEventsResponse(_message.Message):
    __slots__ = ("events", "next_page_token", "covers_from")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    COVERS_FROM_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    next_page_token: str
    covers_from: _timestamp_pb2.Timestamp
    def __init__(self, events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., covers_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetStatsRequest(_message.Message):
    __slots__ = ("filter", "window", "group_by", "label_key")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    LABEL_KEY_FIELD_NUMBER: _ClassVar[int]
    filter: EventFilter
    window: _duration_pb2.Duration
    group_by: GroupBy
    label_key: str
    def __init__(self, filter: _Optional[_Union[EventFilter, _Mapping]] = ..., window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., group_by: _Optional[_Union[GroupBy, str]] = ..., label_key: _Optional[str] = ...) -> None: ...

class Spread(_message.Message):
    __slots__ = ("p50", "p95", "max")
    P50_FIELD_NUMBER: _ClassVar[int]
    P95_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    p50: _duration_pb2.Duration
    p95: _duration_pb2.Duration
    max: _duration_pb2.Duration
    def __init__(self, p50: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., p95: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class StatsRow(_message.Message):
    __slots__ = ("key", "grants", "utilisation", "wait", "hold", "expired", "forced", "abandoned", "covers_from")
    KEY_FIELD_NUMBER: _ClassVar[int]
    GRANTS_FIELD_NUMBER: _ClassVar[int]
    UTILISATION_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_FIELD_NUMBER: _ClassVar[int]
    FORCED_FIELD_NUMBER: _ClassVar[int]
    ABANDONED_FIELD_NUMBER: _ClassVar[int]
    COVERS_FROM_FIELD_NUMBER: _ClassVar[int]
    key: str
    grants: int
    utilisation: float
    wait: Spread
    hold: Spread
    expired: int
    forced: int
    abandoned: int
    covers_from: _timestamp_pb2.Timestamp
    def __init__(self, key: _Optional[str] = ..., grants: _Optional[int] = ..., utilisation: _Optional[float] = ..., wait: _Optional[_Union[Spread, _Mapping]] = ..., hold: _Optional[_Union[Spread, _Mapping]] = ..., expired: _Optional[int] = ..., forced: _Optional[int] = ..., abandoned: _Optional[int] = ..., covers_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetStatsResponse(_message.Message):
    __slots__ = ("rows",)
    ROWS_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[StatsRow]
    def __init__(self, rows: _Optional[_Iterable[_Union[StatsRow, _Mapping]]] = ...) -> None: ...

class Notice(_message.Message):
    __slots__ = ("id", "type", "rule", "origin", "time", "pool", "environments", "lease_id", "holder", "reason", "given_up_at", "why")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENTS_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    GIVEN_UP_AT_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: str
    rule: str
    origin: str
    time: _timestamp_pb2.Timestamp
    pool: str
    environments: _containers.RepeatedScalarFieldContainer[str]
    lease_id: str
    holder: _types_pb2.Holder
    reason: str
    given_up_at: _timestamp_pb2.Timestamp
    why: str
    def __init__(self, id: _Optional[str] = ..., type: _Optional[str] = ..., rule: _Optional[str] = ..., origin: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., pool: _Optional[str] = ..., environments: _Optional[_Iterable[str]] = ..., lease_id: _Optional[str] = ..., holder: _Optional[_Union[_types_pb2.Holder, _Mapping]] = ..., reason: _Optional[str] = ..., given_up_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., why: _Optional[str] = ...) -> None: ...

class NoticeReceiver(_message.Message):
    __slots__ = ("rule", "origin", "waiting", "failures", "why")
    RULE_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    rule: str
    origin: str
    waiting: int
    failures: int
    why: str
    def __init__(self, rule: _Optional[str] = ..., origin: _Optional[str] = ..., waiting: _Optional[int] = ..., failures: _Optional[int] = ..., why: _Optional[str] = ...) -> None: ...

class ListNoticesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListNoticesResponse(_message.Message):
    __slots__ = ("notices", "next_page_token", "receivers")
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    RECEIVERS_FIELD_NUMBER: _ClassVar[int]
    notices: _containers.RepeatedCompositeFieldContainer[Notice]
    next_page_token: str
    receivers: _containers.RepeatedCompositeFieldContainer[NoticeReceiver]
    def __init__(self, notices: _Optional[_Iterable[_Union[Notice, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., receivers: _Optional[_Iterable[_Union[NoticeReceiver, _Mapping]]] = ...) -> None: ...

class RetryNoticeRequest(_message.Message):
    __slots__ = ("id", "rule", "all")
    ID_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    id: str
    rule: str
    all: bool
    def __init__(self, id: _Optional[str] = ..., rule: _Optional[str] = ..., all: bool = ...) -> None: ...

class RetryNoticeResponse(_message.Message):
    __slots__ = ("retried", "count")
    RETRIED_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    retried: bool
    count: int
    def __init__(self, retried: bool = ..., count: _Optional[int] = ...) -> None: ...

class DropNoticesRequest(_message.Message):
    __slots__ = ("id", "rule", "all")
    ID_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    id: str
    rule: str
    all: bool
    def __init__(self, id: _Optional[str] = ..., rule: _Optional[str] = ..., all: bool = ...) -> None: ...

class DropNoticesResponse(_message.Message):
    __slots__ = ("count",)
    COUNT_FIELD_NUMBER: _ClassVar[int]
    count: int
    def __init__(self, count: _Optional[int] = ...) -> None: ...

class TestNoticesRequest(_message.Message):
    __slots__ = ("rule", "url")
    RULE_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    rule: str
    url: str
    def __init__(self, rule: _Optional[str] = ..., url: _Optional[str] = ...) -> None: ...

class NoticeTest(_message.Message):
    __slots__ = ("rule", "origin", "delivered", "why")
    RULE_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    rule: str
    origin: str
    delivered: bool
    why: str
    def __init__(self, rule: _Optional[str] = ..., origin: _Optional[str] = ..., delivered: bool = ..., why: _Optional[str] = ...) -> None: ...

class TestNoticesResponse(_message.Message):
    __slots__ = ("tests",)
    TESTS_FIELD_NUMBER: _ClassVar[int]
    tests: _containers.RepeatedCompositeFieldContainer[NoticeTest]
    def __init__(self, tests: _Optional[_Iterable[_Union[NoticeTest, _Mapping]]] = ...) -> None: ...
