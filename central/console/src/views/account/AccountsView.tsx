import { Tokens } from "./Tokens";
import { Users } from "./Users";

/** People and programs that may come in. */
export default function AccountsView() {
  return (
    <div class="page">
      <header class="page-head">
        <h1>Accounts</h1>
        <span class="quiet">viewers read, analysts work alerts, admins change rules, zones and accounts</span>
      </header>
      <Users />
      <Tokens />
    </div>
  );
}
