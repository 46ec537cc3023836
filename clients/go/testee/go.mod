// A module of its own, so that it is no part of what is published.
module github.com/call-me/call-me/clients/go/testee

go 1.24.0

require (
	connectrpc.com/connect v1.19.1
	github.com/call-me/call-me/clients/go v0.1.0
	github.com/call-me/call-me/gen/go v0.1.0
)

require (
	golang.org/x/net v0.49.0 // indirect
	golang.org/x/sys v0.40.0 // indirect
	golang.org/x/text v0.33.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260120221211-b8f7ae30c516 // indirect
	google.golang.org/grpc v1.80.0 // indirect
	google.golang.org/protobuf v1.36.11 // indirect
)

replace (
	github.com/call-me/call-me/clients/go => ../
	github.com/call-me/call-me/gen/go => ../../../gen/go
)
