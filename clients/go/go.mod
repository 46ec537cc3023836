// The Go client of call-me. A release tags clients/go/vX.Y.Z and gen/go/vX.Y.Z together.
module github.com/call-me/call-me/clients/go

go 1.24.0

require (
	connectrpc.com/connect v1.19.1
	github.com/call-me/call-me/gen/go v0.1.0
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260120221211-b8f7ae30c516
	google.golang.org/protobuf v1.36.11
)

require (
	golang.org/x/net v0.49.0 // indirect
	golang.org/x/sys v0.40.0 // indirect
	golang.org/x/text v0.33.0 // indirect
	google.golang.org/grpc v1.80.0 // indirect
)

// In the checkout: the generated code beside it. Go heeds this line in the main module alone, so whoever does
// `go get github.com/call-me/call-me/clients/go` gets the release that is required above.
replace github.com/call-me/call-me/gen/go => ../../gen/go
