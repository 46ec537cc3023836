// Package callme holds shared test environments while your code runs: it asks a call-me server for them, waits in line, keeps the lease
// alive, and gives it back.
//
//	client, err := callme.New() // CALL_ME_URL, CALL_ME_API_KEY
//	if err != nil {
//		return err
//	}
//	return client.Hold(ctx, "uat", func(ctx context.Context, lease *callme.Lease) error {
//		return runTests(ctx)
//	})
//
// When the lease is lost, because somebody ended it or the server is out of reach for too long, the context of the body is cancelled with a
// [*LeaseLost] as its cause, early enough to stop before the server hands the environment over. What is cancelled must stop, also what a
// command has started: [os/exec.CommandContext] leaves that at work, [Lease.Run] ends it. A body that may not notice in time, because its machine was suspended
// for example, has [Lease.FencingToken]: hand it to what you protect.
package callme
