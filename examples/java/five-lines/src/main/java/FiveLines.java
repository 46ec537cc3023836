import dev.callme.client.CallMe;
import dev.callme.client.HeldLease;

/** Holds uat while something runs. */
class FiveLines {
  public static void main(String[] args) throws Exception {
    try (CallMe client = CallMe.connect(); HeldLease lease = client.hold("uat")) { // CALL_ME_URL, CALL_ME_API_KEY
      System.out.println("held, with fencing token " + Long.toUnsignedString(lease.fencingToken()));
    }
  }
}
