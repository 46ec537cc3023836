import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HolderKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HOLDER_KIND_UNSPECIFIED: _ClassVar[HolderKind]
    HOLDER_KIND_PIPELINE: _ClassVar[HolderKind]
    HOLDER_KIND_HUMAN: _ClassVar[HolderKind]
    HOLDER_KIND_SERVICE: _ClassVar[HolderKind]

class LeaseState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEASE_STATE_UNSPECIFIED: _ClassVar[LeaseState]
    LEASE_STATE_QUEUED: _ClassVar[LeaseState]
    LEASE_STATE_OFFERED: _ClassVar[LeaseState]
    LEASE_STATE_HELD: _ClassVar[LeaseState]
    LEASE_STATE_ENDED: _ClassVar[LeaseState]

class EndReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    END_REASON_UNSPECIFIED: _ClassVar[EndReason]
    END_REASON_RELEASED: _ClassVar[EndReason]
    END_REASON_EXPIRED: _ClassVar[EndReason]
    END_REASON_WITHDRAWN: _ClassVar[EndReason]
    END_REASON_ABANDONED: _ClassVar[EndReason]
    END_REASON_TIMED_OUT: _ClassVar[EndReason]
    END_REASON_SUPERSEDED: _ClassVar[EndReason]
    END_REASON_FORCE_RELEASED: _ClassVar[EndReason]
    END_REASON_UNSATISFIABLE: _ClassVar[EndReason]

class EnvironmentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENVIRONMENT_STATE_UNSPECIFIED: _ClassVar[EnvironmentState]
    ENVIRONMENT_STATE_AVAILABLE: _ClassVar[EnvironmentState]
    ENVIRONMENT_STATE_DRAINING: _ClassVar[EnvironmentState]
    ENVIRONMENT_STATE_MAINTENANCE: _ClassVar[EnvironmentState]
    ENVIRONMENT_STATE_DIRTY: _ClassVar[EnvironmentState]
    ENVIRONMENT_STATE_CLEANING: _ClassVar[EnvironmentState]
    ENVIRONMENT_STATE_QUARANTINED: _ClassVar[EnvironmentState]

class WatchKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WATCH_KIND_UNSPECIFIED: _ClassVar[WatchKind]
    WATCH_KIND_SNAPSHOT: _ClassVar[WatchKind]
    WATCH_KIND_CHANGE: _ClassVar[WatchKind]
    WATCH_KIND_HEARTBEAT: _ClassVar[WatchKind]
HOLDER_KIND_UNSPECIFIED: HolderKind
HOLDER_KIND_PIPELINE: HolderKind
HOLDER_KIND_HUMAN: HolderKind
HOLDER_KIND_SERVICE: HolderKind
LEASE_STATE_UNSPECIFIED: LeaseState
LEASE_STATE_QUEUED: LeaseState
LEASE_STATE_OFFERED: LeaseState
LEASE_STATE_HELD: LeaseState
LEASE_STATE_ENDED: LeaseState
END_REASON_UNSPECIFIED: EndReason
END_REASON_RELEASED: EndReason
END_REASON_EXPIRED: EndReason
END_REASON_WITHDRAWN: EndReason
END_REASON_ABANDONED: EndReason
END_REASON_TIMED_OUT: EndReason
END_REASON_SUPERSEDED: EndReason
END_REASON_FORCE_RELEASED: EndReason
END_REASON_UNSATISFIABLE: EndReason
ENVIRONMENT_STATE_UNSPECIFIED: EnvironmentState
ENVIRONMENT_STATE_AVAILABLE: EnvironmentState
ENVIRONMENT_STATE_DRAINING: EnvironmentState
ENVIRONMENT_STATE_MAINTENANCE: EnvironmentState
ENVIRONMENT_STATE_DIRTY: EnvironmentState
ENVIRONMENT_STATE_CLEANING: EnvironmentState
ENVIRONMENT_STATE_QUARANTINED: EnvironmentState
WATCH_KIND_UNSPECIFIED: WatchKind
WATCH_KIND_SNAPSHOT: WatchKind
WATCH_KIND_CHANGE: WatchKind
WATCH_KIND_HEARTBEAT: WatchKind

class Holder(_message.Message):
    __slots__ = ("name", "kind", "run_url", "repository", "ref", "sha", "job", "actor", "proven")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    RUN_URL_FIELD_NUMBER: _ClassVar[int]
    REPOSITORY_FIELD_NUMBER: _ClassVar[int]
    REF_FIELD_NUMBER: _ClassVar[int]
    SHA_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    PROVEN_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: HolderKind
    run_url: str
    repository: str
    ref: str
    sha: str
    job: str
    actor: str
    proven: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[_Union[HolderKind, str]] = ..., run_url: _Optional[str] = ..., repository: _Optional[str] = ..., ref: _Optional[str] = ..., sha: _Optional[str] = ..., job: _Optional[str] = ..., actor: _Optional[str] = ..., proven: _Optional[_Iterable[str]] = ...) -> None: ...

class Occupant(_message.Message):
    __slots__ = ("lease_id", "holder", "state", "since", "until", "reason", "principal", "latest_end", "cleaning", "not_before", "cancel_requested", "principal_label")
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    LATEST_END_FIELD_NUMBER: _ClassVar[int]
    CLEANING_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    CANCEL_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_LABEL_FIELD_NUMBER: _ClassVar[int]
    lease_id: str
    holder: Holder
    state: LeaseState
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    reason: str
    principal: str
    latest_end: _timestamp_pb2.Timestamp
    cleaning: bool
    not_before: _timestamp_pb2.Timestamp
    cancel_requested: CancelRequest
    principal_label: str
    def __init__(self, lease_id: _Optional[str] = ..., holder: _Optional[_Union[Holder, _Mapping]] = ..., state: _Optional[_Union[LeaseState, str]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., principal: _Optional[str] = ..., latest_end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cleaning: bool = ..., not_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cancel_requested: _Optional[_Union[CancelRequest, _Mapping]] = ..., principal_label: _Optional[str] = ...) -> None: ...

class CancelRequest(_message.Message):
    __slots__ = ("by", "reason", "deadline")
    BY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    by: EndedBy
    reason: str
    deadline: _timestamp_pb2.Timestamp
    def __init__(self, by: _Optional[_Union[EndedBy, _Mapping]] = ..., reason: _Optional[str] = ..., deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Reservation(_message.Message):
    __slots__ = ("at", "holder", "lease_id", "until", "reason")
    AT_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    holder: Holder
    lease_id: str
    until: _timestamp_pb2.Timestamp
    reason: str
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., holder: _Optional[_Union[Holder, _Mapping]] = ..., lease_id: _Optional[str] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class Need(_message.Message):
    __slots__ = ("environment", "selector", "count", "slots")
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    SELECTOR_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    environment: str
    selector: str
    count: int
    slots: int
    def __init__(self, environment: _Optional[str] = ..., selector: _Optional[str] = ..., count: _Optional[int] = ..., slots: _Optional[int] = ...) -> None: ...

class LeasedEnvironment(_message.Message):
    __slots__ = ("name", "slots", "slot_indexes", "fencing_token", "variables", "slot_variables", "secret_variables", "missing_variables")
    class VariablesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    SLOT_INDEXES_FIELD_NUMBER: _ClassVar[int]
    FENCING_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    SLOT_VARIABLES_FIELD_NUMBER: _ClassVar[int]
    SECRET_VARIABLES_FIELD_NUMBER: _ClassVar[int]
    MISSING_VARIABLES_FIELD_NUMBER: _ClassVar[int]
    name: str
    slots: int
    slot_indexes: _containers.RepeatedScalarFieldContainer[int]
    fencing_token: int
    variables: _containers.ScalarMap[str, str]
    slot_variables: _containers.RepeatedCompositeFieldContainer[LeasedSlot]
    secret_variables: _containers.RepeatedScalarFieldContainer[str]
    missing_variables: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., slots: _Optional[int] = ..., slot_indexes: _Optional[_Iterable[int]] = ..., fencing_token: _Optional[int] = ..., variables: _Optional[_Mapping[str, str]] = ..., slot_variables: _Optional[_Iterable[_Union[LeasedSlot, _Mapping]]] = ..., secret_variables: _Optional[_Iterable[str]] = ..., missing_variables: _Optional[_Iterable[str]] = ...) -> None: ...

class LeasedSlot(_message.Message):
    __slots__ = ("variables",)
    class VariablesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    variables: _containers.ScalarMap[str, str]
    def __init__(self, variables: _Optional[_Mapping[str, str]] = ...) -> None: ...

class EndedBy(_message.Message):
    __slots__ = ("principal", "holder", "lease_id", "principal_label", "address", "claims")
    class ClaimsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_LABEL_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    principal: str
    holder: Holder
    lease_id: str
    principal_label: str
    address: str
    claims: _containers.ScalarMap[str, str]
    def __init__(self, principal: _Optional[str] = ..., holder: _Optional[_Union[Holder, _Mapping]] = ..., lease_id: _Optional[str] = ..., principal_label: _Optional[str] = ..., address: _Optional[str] = ..., claims: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Estimate(_message.Message):
    __slots__ = ("p50", "p90", "samples", "median_hold")
    P50_FIELD_NUMBER: _ClassVar[int]
    P90_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    MEDIAN_HOLD_FIELD_NUMBER: _ClassVar[int]
    p50: _timestamp_pb2.Timestamp
    p90: _timestamp_pb2.Timestamp
    samples: int
    median_hold: _duration_pb2.Duration
    def __init__(self, p50: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., p90: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., samples: _Optional[int] = ..., median_hold: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Lease(_message.Message):
    __slots__ = ("id", "state", "end_reason", "end_note", "pool", "environments", "holder", "principal", "reason", "tags", "priority", "position", "queue_length", "ahead", "holders", "created_at", "granted_at", "ended_at", "expires_at", "claim_by", "ttl", "ttl_remaining", "max_hold", "ticket_ttl", "claim_timeout", "queue_timeout", "request_id", "revision", "ended_by", "latest_end", "passed_over", "estimated_start", "cancel_requested", "superseded_by", "not_before", "not_after", "auto_claim", "next_reservation", "cleaning", "needs", "supersede_key", "principal_label")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    END_REASON_FIELD_NUMBER: _ClassVar[int]
    END_NOTE_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENTS_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    QUEUE_LENGTH_FIELD_NUMBER: _ClassVar[int]
    AHEAD_FIELD_NUMBER: _ClassVar[int]
    HOLDERS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    GRANTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    CLAIM_BY_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    TTL_REMAINING_FIELD_NUMBER: _ClassVar[int]
    MAX_HOLD_FIELD_NUMBER: _ClassVar[int]
    TICKET_TTL_FIELD_NUMBER: _ClassVar[int]
    CLAIM_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    QUEUE_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    ENDED_BY_FIELD_NUMBER: _ClassVar[int]
    LATEST_END_FIELD_NUMBER: _ClassVar[int]
    PASSED_OVER_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_START_FIELD_NUMBER: _ClassVar[int]
    CANCEL_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDED_BY_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_FIELD_NUMBER: _ClassVar[int]
    AUTO_CLAIM_FIELD_NUMBER: _ClassVar[int]
    NEXT_RESERVATION_FIELD_NUMBER: _ClassVar[int]
    CLEANING_FIELD_NUMBER: _ClassVar[int]
    NEEDS_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDE_KEY_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_LABEL_FIELD_NUMBER: _ClassVar[int]
    id: str
    state: LeaseState
    end_reason: EndReason
    end_note: str
    pool: str
    environments: _containers.RepeatedCompositeFieldContainer[LeasedEnvironment]
    holder: Holder
    principal: str
    reason: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    priority: int
    position: int
    queue_length: int
    ahead: _containers.RepeatedCompositeFieldContainer[Occupant]
    holders: _containers.RepeatedCompositeFieldContainer[Occupant]
    created_at: _timestamp_pb2.Timestamp
    granted_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    claim_by: _timestamp_pb2.Timestamp
    ttl: _duration_pb2.Duration
    ttl_remaining: _duration_pb2.Duration
    max_hold: _duration_pb2.Duration
    ticket_ttl: _duration_pb2.Duration
    claim_timeout: _duration_pb2.Duration
    queue_timeout: _duration_pb2.Duration
    request_id: str
    revision: int
    ended_by: EndedBy
    latest_end: _timestamp_pb2.Timestamp
    passed_over: bool
    estimated_start: Estimate
    cancel_requested: CancelRequest
    superseded_by: str
    not_before: _timestamp_pb2.Timestamp
    not_after: _timestamp_pb2.Timestamp
    auto_claim: bool
    next_reservation: Reservation
    cleaning: bool
    needs: _containers.RepeatedCompositeFieldContainer[Need]
    supersede_key: str
    principal_label: str
    def __init__(self, id: _Optional[str] = ..., state: _Optional[_Union[LeaseState, str]] = ..., end_reason: _Optional[_Union[EndReason, str]] = ..., end_note: _Optional[str] = ..., pool: _Optional[str] = ..., environments: _Optional[_Iterable[_Union[LeasedEnvironment, _Mapping]]] = ..., holder: _Optional[_Union[Holder, _Mapping]] = ..., principal: _Optional[str] = ..., reason: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., priority: _Optional[int] = ..., position: _Optional[int] = ..., queue_length: _Optional[int] = ..., ahead: _Optional[_Iterable[_Union[Occupant, _Mapping]]] = ..., holders: _Optional[_Iterable[_Union[Occupant, _Mapping]]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., granted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., claim_by: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., ttl_remaining: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_hold: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., ticket_ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., claim_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., queue_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., request_id: _Optional[str] = ..., revision: _Optional[int] = ..., ended_by: _Optional[_Union[EndedBy, _Mapping]] = ..., latest_end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., passed_over: bool = ..., estimated_start: _Optional[_Union[Estimate, _Mapping]] = ..., cancel_requested: _Optional[_Union[CancelRequest, _Mapping]] = ..., superseded_by: _Optional[str] = ..., not_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., not_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., auto_claim: bool = ..., next_reservation: _Optional[_Union[Reservation, _Mapping]] = ..., cleaning: bool = ..., needs: _Optional[_Iterable[_Union[Need, _Mapping]]] = ..., supersede_key: _Optional[str] = ..., principal_label: _Optional[str] = ...) -> None: ...

class EnvironmentStatus(_message.Message):
    __slots__ = ("name", "pool", "state", "state_reason", "capacity", "used", "queue_length", "available", "holders", "resting", "deleted", "state_until", "next", "rest", "labels", "facts", "next_reservation", "usual_hold", "left")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class FactsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Fact
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Fact, _Mapping]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STATE_REASON_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    QUEUE_LENGTH_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    HOLDERS_FIELD_NUMBER: _ClassVar[int]
    RESTING_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    STATE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    REST_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_RESERVATION_FIELD_NUMBER: _ClassVar[int]
    USUAL_HOLD_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    name: str
    pool: str
    state: EnvironmentState
    state_reason: str
    capacity: int
    used: int
    queue_length: int
    available: bool
    holders: _containers.RepeatedCompositeFieldContainer[Occupant]
    resting: int
    deleted: bool
    state_until: _timestamp_pb2.Timestamp
    next: Occupant
    rest: Rest
    labels: _containers.ScalarMap[str, str]
    facts: _containers.MessageMap[str, Fact]
    next_reservation: Reservation
    usual_hold: _duration_pb2.Duration
    left: bool
    def __init__(self, name: _Optional[str] = ..., pool: _Optional[str] = ..., state: _Optional[_Union[EnvironmentState, str]] = ..., state_reason: _Optional[str] = ..., capacity: _Optional[int] = ..., used: _Optional[int] = ..., queue_length: _Optional[int] = ..., available: bool = ..., holders: _Optional[_Iterable[_Union[Occupant, _Mapping]]] = ..., resting: _Optional[int] = ..., deleted: bool = ..., state_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., next: _Optional[_Union[Occupant, _Mapping]] = ..., rest: _Optional[_Union[Rest, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., facts: _Optional[_Mapping[str, Fact]] = ..., next_reservation: _Optional[_Union[Reservation, _Mapping]] = ..., usual_hold: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., left: bool = ...) -> None: ...

class Fact(_message.Message):
    __slots__ = ("value", "holder", "lease_id", "at")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    value: str
    holder: Holder
    lease_id: str
    at: _timestamp_pb2.Timestamp
    def __init__(self, value: _Optional[str] = ..., holder: _Optional[_Union[Holder, _Mapping]] = ..., lease_id: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Rest(_message.Message):
    __slots__ = ("until",)
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    FROM_FIELD_NUMBER: _ClassVar[int]
    until: _timestamp_pb2.Timestamp
    def __init__(self, until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., **kwargs) -> None: ...

class LastUse(_message.Message):
    __slots__ = ("lease_id", "holder", "end_reason")
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    END_REASON_FIELD_NUMBER: _ClassVar[int]
    lease_id: str
    holder: Holder
    end_reason: EndReason
    def __init__(self, lease_id: _Optional[str] = ..., holder: _Optional[_Union[Holder, _Mapping]] = ..., end_reason: _Optional[_Union[EndReason, str]] = ...) -> None: ...
