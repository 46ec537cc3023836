// Holds uat while a command runs: go run ./five-lines make test
package main

import (
	"context"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	callme "github.com/call-me/call-me/clients/go"
)

func main() {
	if len(os.Args) < 2 {
		log.Fatal("say what to run: five-lines make test")
	}
	client, err := callme.New() // CALL_ME_URL, CALL_ME_API_KEY
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = client.Hold(ctx, "uat", func(ctx context.Context, lease *callme.Lease) error {
		command := exec.Command(os.Args[1], os.Args[2:]...)
		command.Stdout, command.Stderr = os.Stdout, os.Stderr
		return lease.Run(ctx, command) // and end all that it has started
	})
	if err != nil {
		log.Fatal(err)
	}
}
