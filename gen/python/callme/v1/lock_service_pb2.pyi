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

class IfBusy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IF_BUSY_UNSPECIFIED: _ClassVar[IfBusy]
    IF_BUSY_QUEUE: _ClassVar[IfBusy]
    IF_BUSY_FAIL: _ClassVar[IfBusy]

class Supersede(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUPERSEDE_UNSPECIFIED: _ClassVar[Supersede]
    SUPERSEDE_NONE: _ClassVar[Supersede]
    SUPERSEDE_PENDING: _ClassVar[Supersede]
    SUPERSEDE_HELD: _ClassVar[Supersede]

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_OK: _ClassVar[Outcome]
    OUTCOME_FAILED: _ClassVar[Outcome]
    OUTCOME_BROKEN: _ClassVar[Outcome]
IF_BUSY_UNSPECIFIED: IfBusy
IF_BUSY_QUEUE: IfBusy
IF_BUSY_FAIL: IfBusy
SUPERSEDE_UNSPECIFIED: Supersede
SUPERSEDE_NONE: Supersede
SUPERSEDE_PENDING: Supersede
SUPERSEDE_HELD: Supersede
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_OK: Outcome
OUTCOME_FAILED: Outcome
OUTCOME_BROKEN: Outcome

class CheckRequest(_message.Message):
    __slots__ = ("environment", "pool", "selector")
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    SELECTOR_FIELD_NUMBER: _ClassVar[int]
    environment: str
    pool: str
    selector: str
    def __init__(self, environment: _Optional[str] = ..., pool: _Optional[str] = ..., selector: _Optional[str] = ...) -> None: ...

class CheckResponse(_message.Message):
    __slots__ = ("available", "environments", "misspellings")
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENTS_FIELD_NUMBER: _ClassVar[int]
    MISSPELLINGS_FIELD_NUMBER: _ClassVar[int]
    available: bool
    environments: _containers.RepeatedCompositeFieldContainer[_types_pb2.EnvironmentStatus]
    misspellings: _containers.RepeatedCompositeFieldContainer[Misspelling]
    def __init__(self, available: bool = ..., environments: _Optional[_Iterable[_Union[_types_pb2.EnvironmentStatus, _Mapping]]] = ..., misspellings: _Optional[_Iterable[_Union[Misspelling, _Mapping]]] = ...) -> None: ...

class Misspelling(_message.Message):
    __slots__ = ("name", "did_you_mean")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DID_YOU_MEAN_FIELD_NUMBER: _ClassVar[int]
    name: str
    did_you_mean: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., did_you_mean: _Optional[_Iterable[str]] = ...) -> None: ...

class AcquireRequest(_message.Message):
    __slots__ = ("environment", "needs", "pool", "ttl", "max_hold", "if_busy", "wait", "queue_timeout", "ticket_ttl", "claim_timeout", "priority", "request_id", "supersede_key", "supersede", "holder", "reason", "tags", "not_before", "not_after", "auto_claim", "notify")
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    NEEDS_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    MAX_HOLD_FIELD_NUMBER: _ClassVar[int]
    IF_BUSY_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    QUEUE_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    TICKET_TTL_FIELD_NUMBER: _ClassVar[int]
    CLAIM_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDE_KEY_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDE_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_FIELD_NUMBER: _ClassVar[int]
    AUTO_CLAIM_FIELD_NUMBER: _ClassVar[int]
    NOTIFY_FIELD_NUMBER: _ClassVar[int]
    environment: str
    needs: _containers.RepeatedCompositeFieldContainer[_types_pb2.Need]
    pool: str
    ttl: _duration_pb2.Duration
    max_hold: _duration_pb2.Duration
    if_busy: IfBusy
    wait: _duration_pb2.Duration
    queue_timeout: _duration_pb2.Duration
    ticket_ttl: _duration_pb2.Duration
    claim_timeout: _duration_pb2.Duration
    priority: int
    request_id: str
    supersede_key: str
    supersede: Supersede
    holder: _types_pb2.Holder
    reason: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    not_before: _timestamp_pb2.Timestamp
    not_after: _timestamp_pb2.Timestamp
    auto_claim: bool
    notify: str
    def __init__(self, environment: _Optional[str] = ..., needs: _Optional[_Iterable[_Union[_types_pb2.Need, _Mapping]]] = ..., pool: _Optional[str] = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_hold: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., if_busy: _Optional[_Union[IfBusy, str]] = ..., wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., queue_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., ticket_ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., claim_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., priority: _Optional[int] = ..., request_id: _Optional[str] = ..., supersede_key: _Optional[str] = ..., supersede: _Optional[_Union[Supersede, str]] = ..., holder: _Optional[_Union[_types_pb2.Holder, _Mapping]] = ..., reason: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., not_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., not_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., auto_claim: bool = ..., notify: _Optional[str] = ...) -> None: ...

class AcquireResponse(_message.Message):
    __slots__ = ("lease", "lease_token", "environment_created", "misspellings")
    LEASE_FIELD_NUMBER: _ClassVar[int]
    LEASE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_CREATED_FIELD_NUMBER: _ClassVar[int]
    MISSPELLINGS_FIELD_NUMBER: _ClassVar[int]
    lease: _types_pb2.Lease
    lease_token: str
    environment_created: bool
    misspellings: _containers.RepeatedCompositeFieldContainer[Misspelling]
    def __init__(self, lease: _Optional[_Union[_types_pb2.Lease, _Mapping]] = ..., lease_token: _Optional[str] = ..., environment_created: bool = ..., misspellings: _Optional[_Iterable[_Union[Misspelling, _Mapping]]] = ...) -> None: ...

class ReleaseRequest(_message.Message):
    __slots__ = ("lease_id", "environment", "outcome", "note", "request_id", "facts")
    class FactsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    lease_id: str
    environment: str
    outcome: Outcome
    note: str
    request_id: str
    facts: _containers.ScalarMap[str, str]
    def __init__(self, lease_id: _Optional[str] = ..., environment: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., note: _Optional[str] = ..., request_id: _Optional[str] = ..., facts: _Optional[_Mapping[str, str]] = ...) -> None: ...

class ReleaseResponse(_message.Message):
    __slots__ = ("lease", "already_ended")
    LEASE_FIELD_NUMBER: _ClassVar[int]
    ALREADY_ENDED_FIELD_NUMBER: _ClassVar[int]
    lease: _types_pb2.Lease
    already_ended: bool
    def __init__(self, lease: _Optional[_Union[_types_pb2.Lease, _Mapping]] = ..., already_ended: bool = ...) -> None: ...

class RenewRequest(_message.Message):
    __slots__ = ("lease_id", "ttl", "facts", "not_after")
    class FactsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_FIELD_NUMBER: _ClassVar[int]
    lease_id: str
    ttl: _duration_pb2.Duration
    facts: _containers.ScalarMap[str, str]
    not_after: _timestamp_pb2.Timestamp
    def __init__(self, lease_id: _Optional[str] = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., facts: _Optional[_Mapping[str, str]] = ..., not_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RenewResponse(_message.Message):
    __slots__ = ("lease",)
    LEASE_FIELD_NUMBER: _ClassVar[int]
    lease: _types_pb2.Lease
    def __init__(self, lease: _Optional[_Union[_types_pb2.Lease, _Mapping]] = ...) -> None: ...

class GetLeaseRequest(_message.Message):
    __slots__ = ("lease_id", "wait")
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    lease_id: str
    wait: _duration_pb2.Duration
    def __init__(self, lease_id: _Optional[str] = ..., wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class GetLeaseResponse(_message.Message):
    __slots__ = ("lease",)
    LEASE_FIELD_NUMBER: _ClassVar[int]
    lease: _types_pb2.Lease
    def __init__(self, lease: _Optional[_Union[_types_pb2.Lease, _Mapping]] = ...) -> None: ...

class CheckFenceRequest(_message.Message):
    __slots__ = ("environment", "fencing_token")
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    FENCING_TOKEN_FIELD_NUMBER: _ClassVar[int]
    environment: str
    fencing_token: int
    def __init__(self, environment: _Optional[str] = ..., fencing_token: _Optional[int] = ...) -> None: ...

class CheckFenceResponse(_message.Message):
    __slots__ = ("valid", "current")
    VALID_FIELD_NUMBER: _ClassVar[int]
    CURRENT_FIELD_NUMBER: _ClassVar[int]
    valid: bool
    current: int
    def __init__(self, valid: bool = ..., current: _Optional[int] = ...) -> None: ...

class WatchEnvironmentRequest(_message.Message):
    __slots__ = ("environment", "pool", "since_revision", "selector")
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    SINCE_REVISION_FIELD_NUMBER: _ClassVar[int]
    SELECTOR_FIELD_NUMBER: _ClassVar[int]
    environment: str
    pool: str
    since_revision: int
    selector: str
    def __init__(self, environment: _Optional[str] = ..., pool: _Optional[str] = ..., since_revision: _Optional[int] = ..., selector: _Optional[str] = ...) -> None: ...

class WatchCause(_message.Message):
    __slots__ = ("lease_id", "state", "end_reason", "holder")
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    END_REASON_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    lease_id: str
    state: _types_pb2.LeaseState
    end_reason: _types_pb2.EndReason
    holder: _types_pb2.Holder
    def __init__(self, lease_id: _Optional[str] = ..., state: _Optional[_Union[_types_pb2.LeaseState, str]] = ..., end_reason: _Optional[_Union[_types_pb2.EndReason, str]] = ..., holder: _Optional[_Union[_types_pb2.Holder, _Mapping]] = ...) -> None: ...

class WatchEnvironmentResponse(_message.Message):
    __slots__ = ("revision", "kind", "reset", "skipped", "environments", "cause", "time")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENTS_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    revision: int
    kind: _types_pb2.WatchKind
    reset: bool
    skipped: bool
    environments: _containers.RepeatedCompositeFieldContainer[_types_pb2.EnvironmentStatus]
    cause: WatchCause
    time: _timestamp_pb2.Timestamp
    def __init__(self, revision: _Optional[int] = ..., kind: _Optional[_Union[_types_pb2.WatchKind, str]] = ..., reset: bool = ..., skipped: bool = ..., environments: _Optional[_Iterable[_Union[_types_pb2.EnvironmentStatus, _Mapping]]] = ..., cause: _Optional[_Union[WatchCause, _Mapping]] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WatchLeaseRequest(_message.Message):
    __slots__ = ("lease_id",)
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    lease_id: str
    def __init__(self, lease_id: _Optional[str] = ...) -> None: ...

class WatchLeaseResponse(_message.Message):
    __slots__ = ("lease", "kind")
    LEASE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    lease: _types_pb2.Lease
    kind: _types_pb2.WatchKind
    def __init__(self, lease: _Optional[_Union[_types_pb2.Lease, _Mapping]] = ..., kind: _Optional[_Union[_types_pb2.WatchKind, str]] = ...) -> None: ...
