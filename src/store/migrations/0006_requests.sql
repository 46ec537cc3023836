-- Which leases have ended, and of which request: read once at a start. An index by request_key is written all over, at each end one page.
DROP INDEX leases_request;
DROP INDEX leases_ended;
CREATE INDEX leases_ended ON leases (ended_at, request_key) WHERE ended_at IS NOT NULL;
