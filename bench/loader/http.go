package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// overHTTP is one kept connection of HTTP/1.1.
type overHTTP struct {
	client *http.Client
	base   string
	key    string
}

func onHTTP(order order, locked func(overHTTP) locker) ([]locker, error) {
	lockers := make([]locker, order.Connections)
	for number := range lockers {
		transport := &http.Transport{MaxConnsPerHost: 1, DisableCompression: true}
		lockers[number] = locked(overHTTP{&http.Client{Transport: transport}, "http://" + order.Address, order.Key})
	}
	return lockers, nil
}

// call returns the status and the body.
func (h overHTTP) call(ctx context.Context, method, path, kind string, body []byte) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, h.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header["X-Api-Key"] = []string{h.key}
	if kind != "" {
		request.Header["Content-Type"] = []string{kind}
	}
	response, err := h.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// overJSON is call-me as any HTTP client sees it.
type overJSON struct {
	overHTTP
	wait string
}

func openJSON(_ context.Context, order order) ([]locker, error) {
	return onHTTP(order, func(connection overHTTP) locker {
		locker := overJSON{overHTTP: connection}
		if order.Line > 0 {
			locker.wait = "60s"
		}
		return locker
	})
}

type (
	acquireJSON struct {
		Environment string `json:"environment"`
		Wait        string `json:"wait,omitempty"`
	}
	leaseJSON struct {
		LeaseID string `json:"leaseId"`
	}
	answerJSON struct {
		Lease struct {
			ID    string `json:"id"`
			State string `json:"state"`
		} `json:"lease"`
		Environments []struct {
			QueueLength int `json:"queueLength"`
		} `json:"environments"`
	}
)

func (j overJSON) acquire(ctx context.Context, name string) (string, error) {
	answer, err := j.ask(ctx, "Acquire", acquireJSON{name, j.wait}, "LEASE_STATE_HELD")
	return answer.Lease.ID, err
}

func (j overJSON) release(ctx context.Context, _, held string) error {
	_, err := j.ask(ctx, "Release", leaseJSON{held}, "LEASE_STATE_ENDED")
	return err
}

func (j overJSON) renew(ctx context.Context, _, held string) error {
	_, err := j.ask(ctx, "Renew", leaseJSON{held}, "LEASE_STATE_HELD")
	return err
}

func (j overJSON) check(ctx context.Context, name string) error {
	_, err := j.waiting(ctx, name)
	return err
}

func (j overJSON) waiting(ctx context.Context, name string) (int, error) {
	answer, err := j.ask(ctx, "Check", acquireJSON{Environment: name}, "")
	if err == nil && len(answer.Environments) != 1 {
		err = fmt.Errorf("Check of %s answered %v", name, answer)
	}
	if err != nil {
		return 0, err
	}
	return answer.Environments[0].QueueLength, nil
}

func (j overJSON) ask(ctx context.Context, method string, request any, state string) (answer answerJSON, err error) {
	body, err := json.Marshal(request)
	if err != nil {
		return answer, err
	}
	status, text, err := j.call(ctx, http.MethodPost, "/callme.v1.LockService/"+method, "application/json", body)
	if err != nil {
		return answer, err
	}
	if status != http.StatusOK {
		return answer, fmt.Errorf("%s answered %d: %s", method, status, text)
	}
	if err = json.Unmarshal(text, &answer); err == nil && answer.Lease.State != state {
		err = fmt.Errorf("%s answered %s", method, text)
	}
	return answer, err
}

// overMaybe is call-me by its oldest interface: it has no Renew, and nobody waits.
type overMaybe struct{ overHTTP }

func openMaybe(_ context.Context, order order) ([]locker, error) {
	return onHTTP(order, func(connection overHTTP) locker { return overMaybe{connection} })
}

func (m overMaybe) acquire(ctx context.Context, name string) (string, error) {
	return "", m.ask(ctx, http.MethodPost, name, http.StatusCreated)
}

func (m overMaybe) release(ctx context.Context, name, _ string) error {
	return m.ask(ctx, http.MethodDelete, name, http.StatusNoContent)
}

// check expects that the lock is held.
func (m overMaybe) check(ctx context.Context, name string) error {
	return m.ask(ctx, http.MethodGet, name, http.StatusForbidden)
}

func (m overMaybe) renew(context.Context, string, string) error { return errNone }

func (m overMaybe) waiting(context.Context, string) (int, error) { return 0, errNone }

func (m overMaybe) ask(ctx context.Context, method, name string, wanted int) error {
	status, body, err := m.call(ctx, method, "/maybe?environment="+url.QueryEscape(name), "", nil)
	if err == nil && status != wanted {
		err = fmt.Errorf("%s /maybe of %s answered %d: %s", method, name, status, body)
	}
	return err
}
