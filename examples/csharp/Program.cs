// Acquire, wait, renew and release with nothing but generated code and Grpc.Net.Client: dotnet run --project examples/csharp
// What a layer over it should do besides: clients/README.md.
using CallMe.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;

var url = Environment.GetEnvironmentVariable("CALL_ME_URL") ?? "http://127.0.0.1:8000";
using var channel = GrpcChannel.ForAddress(url);
var locks = new LockService.LockServiceClient(channel);
var key = new Metadata { { "x-api-key", Environment.GetEnvironmentVariable("CALL_ME_API_KEY") ?? "" } };

// The same request again keeps the place in line; after a broken connection too.
var request = new AcquireRequest
{
    Environment = "uat",
    RequestId = Guid.NewGuid().ToString(),
    Ttl = Duration.FromTimeSpan(TimeSpan.FromSeconds(60)),
    Wait = Duration.FromTimeSpan(TimeSpan.FromSeconds(60)),
};
var answer = await locks.AcquireAsync(request, key);
while (answer.Lease.State is LeaseState.Queued or LeaseState.Offered)
{
    Console.WriteLine($"waiting at position {answer.Lease.Position}");
    answer = await locks.AcquireAsync(request, key);
}
if (answer.Lease.State != LeaseState.Held) throw new InvalidOperationException($"not acquired: {answer.Lease.EndReason} {answer.Lease.EndNote}");

// From here on the lease's own token is enough.
var token = new Metadata { { "x-api-key", answer.LeaseToken } };
var leaseId = answer.Lease.Id;
using var stop = new CancellationTokenSource();
var keeping = Task.Run(async () =>
{
    var pause = TimeSpan.FromSeconds(20);
    while (!stop.IsCancellationRequested)
    {
        await Task.Delay(pause, stop.Token);
        try
        {
            await locks.RenewAsync(new RenewRequest { LeaseId = leaseId }, token);
            pause = TimeSpan.FromSeconds(20);
        }
        catch (RpcException)
        {
            // There is time until the ttl is over: try again soon.
            pause = TimeSpan.FromSeconds(2);
        }
    }
});
try
{
    Console.WriteLine($"held, with fencing token {answer.Lease.Environments[0].FencingToken}");
    // … the work …
}
finally
{
    stop.Cancel();
    await locks.ReleaseAsync(new ReleaseRequest { LeaseId = leaseId }, token);
}
