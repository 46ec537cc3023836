package callme

// version is told to the server with each call, for its logs; the same as that of the tag clients/go/vX.Y.Z.
const version = "0.1.0"
