package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// errNone is what a peer answers for which there is no such thing.
var errNone = errors.New("it has no such operation")

// owner is who holds all locks at peers that leave names to their users; its length is that of a UUID.
const owner = "0b9aa0ba-6d9c-4c47-a9d5-2f0a3c9d6c11"

// ttlMs is for how long they are held.
const ttlMs = 3_600_000

// overRedis is the usual lock on a connection of Redis: SET NX PX, and given back by its owner alone.
type overRedis struct{ connection *redis.Conn }

var (
	redisDelete = redis.NewScript(`return redis.call("get", KEYS[1]) == ARGV[1] and redis.call("del", KEYS[1]) or 0`)
	redisExpire = redis.NewScript(`return redis.call("get", KEYS[1]) == ARGV[1] and redis.call("pexpire", KEYS[1], ARGV[2]) or 0`)
)

func openRedis(_ context.Context, order order) ([]locker, error) {
	client := redis.NewClient(&redis.Options{Addr: order.Address, PoolSize: order.Connections, Protocol: 2})
	lockers := make([]locker, order.Connections)
	for number := range lockers {
		lockers[number] = overRedis{client.Conn()}
	}
	return lockers, nil
}

func (r overRedis) acquire(ctx context.Context, name string) (string, error) {
	set, err := r.connection.Do(ctx, "SET", name, owner, "NX", "PX", ttlMs).Text()
	if err == nil && set != "OK" {
		err = fmt.Errorf("SET of %s answered %s", name, set)
	}
	return "", err
}

func (r overRedis) release(ctx context.Context, name, _ string) error {
	return one(redisDelete.Run(ctx, r.connection, []string{name}, owner).Int64())
}

func (r overRedis) renew(ctx context.Context, name, _ string) error {
	return one(redisExpire.Run(ctx, r.connection, []string{name}, owner, ttlMs).Int64())
}

func (r overRedis) check(ctx context.Context, name string) error {
	held, err := r.connection.Get(ctx, name).Result()
	if err == nil && held != owner {
		err = fmt.Errorf("GET of %s answered %s", name, held)
	}
	return err
}

func (r overRedis) waiting(context.Context, string) (int, error) { return 0, errNone }

// overPostgres is a row for each lock, on a connection of PostgreSQL.
type overPostgres struct{ connection *pgx.Conn }

const postgresTable = `CREATE TABLE IF NOT EXISTS locks (name text PRIMARY KEY, owner text NOT NULL, until timestamptz NOT NULL)`

func openPostgres(ctx context.Context, order order) ([]locker, error) {
	lockers := make([]locker, order.Connections)
	for number := range lockers {
		connection, err := pgx.Connect(ctx, order.Address)
		if err != nil {
			return nil, err
		}
		if number == 0 {
			if _, err := connection.Exec(ctx, postgresTable); err != nil {
				return nil, err
			}
		}
		lockers[number] = overPostgres{connection}
	}
	return lockers, nil
}

func (p overPostgres) acquire(ctx context.Context, name string) (string, error) {
	return "", p.change(ctx, `INSERT INTO locks VALUES ($1, $2, now() + interval '1 hour') ON CONFLICT DO NOTHING`, name)
}

func (p overPostgres) release(ctx context.Context, name, _ string) error {
	return p.change(ctx, `DELETE FROM locks WHERE name = $1 AND owner = $2`, name)
}

func (p overPostgres) renew(ctx context.Context, name, _ string) error {
	return p.change(ctx, `UPDATE locks SET until = now() + interval '1 hour' WHERE name = $1 AND owner = $2`, name)
}

func (p overPostgres) check(ctx context.Context, name string) error {
	var held string
	return p.connection.QueryRow(ctx, `SELECT owner FROM locks WHERE name = $1`, name).Scan(&held)
}

func (p overPostgres) waiting(context.Context, string) (int, error) { return 0, errNone }

func (p overPostgres) change(ctx context.Context, sql, name string) error {
	tag, err := p.connection.Exec(ctx, sql, name, owner)
	return one(tag.RowsAffected(), err)
}

// one fails unless exactly one thing was changed.
func one(changed int64, err error) error {
	if err == nil && changed != 1 {
		err = fmt.Errorf("%d locks were changed, not 1", changed)
	}
	return err
}
