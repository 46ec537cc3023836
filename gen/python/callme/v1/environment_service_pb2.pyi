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

class OnExpiry(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ON_EXPIRY_UNSPECIFIED: _ClassVar[OnExpiry]
    ON_EXPIRY_RELEASE: _ClassVar[OnExpiry]
    ON_EXPIRY_CLEAN: _ClassVar[OnExpiry]
    ON_EXPIRY_HOLD: _ClassVar[OnExpiry]

class ChangeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANGE_KIND_UNSPECIFIED: _ClassVar[ChangeKind]
    CHANGE_KIND_CREATED: _ClassVar[ChangeKind]
    CHANGE_KIND_UPDATED: _ClassVar[ChangeKind]
    CHANGE_KIND_UNCHANGED: _ClassVar[ChangeKind]
    CHANGE_KIND_DELETED: _ClassVar[ChangeKind]
ON_EXPIRY_UNSPECIFIED: OnExpiry
ON_EXPIRY_RELEASE: OnExpiry
ON_EXPIRY_CLEAN: OnExpiry
ON_EXPIRY_HOLD: OnExpiry
CHANGE_KIND_UNSPECIFIED: ChangeKind
CHANGE_KIND_CREATED: ChangeKind
CHANGE_KIND_UPDATED: ChangeKind
CHANGE_KIND_UNCHANGED: ChangeKind
CHANGE_KIND_DELETED: ChangeKind

class Cleaning(_message.Message):
    __slots__ = ("required", "timeout")
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    required: bool
    timeout: _duration_pb2.Duration
    def __init__(self, required: bool = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Environment(_message.Message):
    __slots__ = ("name", "pool", "description", "labels", "capacity", "state", "state_reason", "state_until", "variables", "default_ttl", "max_ttl", "max_hold", "lock_delay", "cooldown", "on_expiry", "cleaning", "links", "on_demand", "slot_variables", "facts", "quarantine_after")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class VariablesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Variable
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Variable, _Mapping]] = ...) -> None: ...
    class LinksEntry(_message.Message):
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
        value: _types_pb2.Fact
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_types_pb2.Fact, _Mapping]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STATE_REASON_FIELD_NUMBER: _ClassVar[int]
    STATE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_TTL_FIELD_NUMBER: _ClassVar[int]
    MAX_TTL_FIELD_NUMBER: _ClassVar[int]
    MAX_HOLD_FIELD_NUMBER: _ClassVar[int]
    LOCK_DELAY_FIELD_NUMBER: _ClassVar[int]
    COOLDOWN_FIELD_NUMBER: _ClassVar[int]
    ON_EXPIRY_FIELD_NUMBER: _ClassVar[int]
    CLEANING_FIELD_NUMBER: _ClassVar[int]
    LINKS_FIELD_NUMBER: _ClassVar[int]
    ON_DEMAND_FIELD_NUMBER: _ClassVar[int]
    SLOT_VARIABLES_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    QUARANTINE_AFTER_FIELD_NUMBER: _ClassVar[int]
    name: str
    pool: str
    description: str
    labels: _containers.ScalarMap[str, str]
    capacity: int
    state: _types_pb2.EnvironmentState
    state_reason: str
    state_until: _timestamp_pb2.Timestamp
    variables: _containers.MessageMap[str, Variable]
    default_ttl: _duration_pb2.Duration
    max_ttl: _duration_pb2.Duration
    max_hold: _duration_pb2.Duration
    lock_delay: _duration_pb2.Duration
    cooldown: _duration_pb2.Duration
    on_expiry: OnExpiry
    cleaning: Cleaning
    links: _containers.ScalarMap[str, str]
    on_demand: bool
    slot_variables: _containers.RepeatedCompositeFieldContainer[SlotVariables]
    facts: _containers.MessageMap[str, _types_pb2.Fact]
    quarantine_after: int
    def __init__(self, name: _Optional[str] = ..., pool: _Optional[str] = ..., description: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., capacity: _Optional[int] = ..., state: _Optional[_Union[_types_pb2.EnvironmentState, str]] = ..., state_reason: _Optional[str] = ..., state_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., variables: _Optional[_Mapping[str, Variable]] = ..., default_ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_hold: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., lock_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., cooldown: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., on_expiry: _Optional[_Union[OnExpiry, str]] = ..., cleaning: _Optional[_Union[Cleaning, _Mapping]] = ..., links: _Optional[_Mapping[str, str]] = ..., on_demand: bool = ..., slot_variables: _Optional[_Iterable[_Union[SlotVariables, _Mapping]]] = ..., facts: _Optional[_Mapping[str, _types_pb2.Fact]] = ..., quarantine_after: _Optional[int] = ...) -> None: ...

class Variable(_message.Message):
    __slots__ = ("value", "from_env", "secret")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    FROM_ENV_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    value: str
    from_env: str
    secret: bool
    def __init__(self, value: _Optional[str] = ..., from_env: _Optional[str] = ..., secret: bool = ...) -> None: ...

class SlotVariables(_message.Message):
    __slots__ = ("variables",)
    class VariablesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Variable
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Variable, _Mapping]] = ...) -> None: ...
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    variables: _containers.MessageMap[str, Variable]
    def __init__(self, variables: _Optional[_Mapping[str, Variable]] = ...) -> None: ...

class PoolConfig(_message.Message):
    __slots__ = ("name", "max_queue", "auto_create")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MAX_QUEUE_FIELD_NUMBER: _ClassVar[int]
    AUTO_CREATE_FIELD_NUMBER: _ClassVar[int]
    name: str
    max_queue: int
    auto_create: bool
    def __init__(self, name: _Optional[str] = ..., max_queue: _Optional[int] = ..., auto_create: bool = ...) -> None: ...

class ListEnvironmentsRequest(_message.Message):
    __slots__ = ("pool", "page_size", "page_token")
    POOL_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    pool: str
    page_size: int
    page_token: str
    def __init__(self, pool: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListEnvironmentsResponse(_message.Message):
    __slots__ = ("environments", "next_page_token", "pools")
    ENVIRONMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    POOLS_FIELD_NUMBER: _ClassVar[int]
    environments: _containers.RepeatedCompositeFieldContainer[Environment]
    next_page_token: str
    pools: _containers.RepeatedCompositeFieldContainer[PoolConfig]
    def __init__(self, environments: _Optional[_Iterable[_Union[Environment, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., pools: _Optional[_Iterable[_Union[PoolConfig, _Mapping]]] = ...) -> None: ...

class GetEnvironmentRequest(_message.Message):
    __slots__ = ("environment",)
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    environment: str
    def __init__(self, environment: _Optional[str] = ...) -> None: ...

class GetEnvironmentResponse(_message.Message):
    __slots__ = ("environment", "status")
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    environment: Environment
    status: _types_pb2.EnvironmentStatus
    def __init__(self, environment: _Optional[_Union[Environment, _Mapping]] = ..., status: _Optional[_Union[_types_pb2.EnvironmentStatus, _Mapping]] = ...) -> None: ...

class ApplyEnvironmentsRequest(_message.Message):
    __slots__ = ("environments", "prune", "dry_run", "pools", "with_before")
    ENVIRONMENTS_FIELD_NUMBER: _ClassVar[int]
    PRUNE_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    POOLS_FIELD_NUMBER: _ClassVar[int]
    WITH_BEFORE_FIELD_NUMBER: _ClassVar[int]
    environments: _containers.RepeatedCompositeFieldContainer[Environment]
    prune: bool
    dry_run: bool
    pools: _containers.RepeatedCompositeFieldContainer[PoolConfig]
    with_before: bool
    def __init__(self, environments: _Optional[_Iterable[_Union[Environment, _Mapping]]] = ..., prune: bool = ..., dry_run: bool = ..., pools: _Optional[_Iterable[_Union[PoolConfig, _Mapping]]] = ..., with_before: bool = ...) -> None: ...

class EnvironmentChange(_message.Message):
    __slots__ = ("name", "pool", "kind", "fields", "before")
    NAME_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    name: str
    pool: str
    kind: ChangeKind
    fields: _containers.RepeatedScalarFieldContainer[str]
    before: Environment
    def __init__(self, name: _Optional[str] = ..., pool: _Optional[str] = ..., kind: _Optional[_Union[ChangeKind, str]] = ..., fields: _Optional[_Iterable[str]] = ..., before: _Optional[_Union[Environment, _Mapping]] = ...) -> None: ...

class PoolChange(_message.Message):
    __slots__ = ("name", "kind", "fields", "before")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: ChangeKind
    fields: _containers.RepeatedScalarFieldContainer[str]
    before: PoolConfig
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[_Union[ChangeKind, str]] = ..., fields: _Optional[_Iterable[str]] = ..., before: _Optional[_Union[PoolConfig, _Mapping]] = ...) -> None: ...

class ApplyEnvironmentsResponse(_message.Message):
    __slots__ = ("changes", "auto_create", "pools")
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    AUTO_CREATE_FIELD_NUMBER: _ClassVar[int]
    POOLS_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[EnvironmentChange]
    auto_create: bool
    pools: _containers.RepeatedCompositeFieldContainer[PoolChange]
    def __init__(self, changes: _Optional[_Iterable[_Union[EnvironmentChange, _Mapping]]] = ..., auto_create: bool = ..., pools: _Optional[_Iterable[_Union[PoolChange, _Mapping]]] = ...) -> None: ...

class DeleteEnvironmentRequest(_message.Message):
    __slots__ = ("environment",)
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    environment: str
    def __init__(self, environment: _Optional[str] = ...) -> None: ...

class DeleteEnvironmentResponse(_message.Message):
    __slots__ = ("environment",)
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    environment: Environment
    def __init__(self, environment: _Optional[_Union[Environment, _Mapping]] = ...) -> None: ...

class SetEnvironmentStateRequest(_message.Message):
    __slots__ = ("environment", "state", "reason", "until")
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    environment: str
    state: _types_pb2.EnvironmentState
    reason: str
    until: _timestamp_pb2.Timestamp
    def __init__(self, environment: _Optional[str] = ..., state: _Optional[_Union[_types_pb2.EnvironmentState, str]] = ..., reason: _Optional[str] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SetEnvironmentStateResponse(_message.Message):
    __slots__ = ("environment",)
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    environment: Environment
    def __init__(self, environment: _Optional[_Union[Environment, _Mapping]] = ...) -> None: ...

class AcquireForCleaningRequest(_message.Message):
    __slots__ = ("pool", "environment", "selector", "ttl", "wait", "holder", "reason", "request_id")
    POOL_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    SELECTOR_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    pool: str
    environment: str
    selector: str
    ttl: _duration_pb2.Duration
    wait: _duration_pb2.Duration
    holder: _types_pb2.Holder
    reason: str
    request_id: str
    def __init__(self, pool: _Optional[str] = ..., environment: _Optional[str] = ..., selector: _Optional[str] = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., holder: _Optional[_Union[_types_pb2.Holder, _Mapping]] = ..., reason: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class AcquireForCleaningResponse(_message.Message):
    __slots__ = ("lease", "lease_token")
    LEASE_FIELD_NUMBER: _ClassVar[int]
    LEASE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    lease: _types_pb2.Lease
    lease_token: str
    def __init__(self, lease: _Optional[_Union[_types_pb2.Lease, _Mapping]] = ..., lease_token: _Optional[str] = ...) -> None: ...

class ForceReleaseRequest(_message.Message):
    __slots__ = ("lease_id", "reason")
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    lease_id: str
    reason: str
    def __init__(self, lease_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ForceReleaseResponse(_message.Message):
    __slots__ = ("lease", "already_ended")
    LEASE_FIELD_NUMBER: _ClassVar[int]
    ALREADY_ENDED_FIELD_NUMBER: _ClassVar[int]
    lease: _types_pb2.Lease
    already_ended: bool
    def __init__(self, lease: _Optional[_Union[_types_pb2.Lease, _Mapping]] = ..., already_ended: bool = ...) -> None: ...

class LeaseFilter(_message.Message):
    __slots__ = ("pool", "environment", "states", "holder", "tag", "selector")
    POOL_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    SELECTOR_FIELD_NUMBER: _ClassVar[int]
    pool: str
    environment: str
    states: _containers.RepeatedScalarFieldContainer[_types_pb2.LeaseState]
    holder: str
    tag: str
    selector: str
    def __init__(self, pool: _Optional[str] = ..., environment: _Optional[str] = ..., states: _Optional[_Iterable[_Union[_types_pb2.LeaseState, str]]] = ..., holder: _Optional[str] = ..., tag: _Optional[str] = ..., selector: _Optional[str] = ...) -> None: ...

class ListLeasesRequest(_message.Message):
    __slots__ = ("filter", "page_size", "page_token")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    filter: LeaseFilter
    page_size: int
    page_token: str
    def __init__(self, filter: _Optional[_Union[LeaseFilter, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListLeasesResponse(_message.Message):
    __slots__ = ("leases", "next_page_token")
    LEASES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    leases: _containers.RepeatedCompositeFieldContainer[_types_pb2.Lease]
    next_page_token: str
    def __init__(self, leases: _Optional[_Iterable[_Union[_types_pb2.Lease, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
