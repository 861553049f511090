// The console: who is there, then the bar and the view that the address names.

import { useEffect } from "preact/hooks";
import { ErrorBoundary, LocationProvider, Route, Router, lazy } from "preact-iso";
import { said } from "./api/client";
import { loadSession, role, session, who } from "./state/session";
import { Frame } from "./Frame";
import { Loading } from "./ui/parts";
import { Toasts, tell } from "./ui/toast";
import { Login } from "./views/account/Login";
import { Setup } from "./views/account/Setup";
import { NewPassword } from "./views/account/NewPassword";
import { AlertsView } from "./views/alerts/AlertsView";

const MapView = lazy(() => import("./views/map/MapView"));
const SitesView = lazy(() => import("./views/site/SitesView"));
const SiteView = lazy(() => import("./views/site/SiteView"));
const StationsView = lazy(() => import("./views/stations/StationsView"));
const RulesView = lazy(() => import("./views/rules/RulesView"));
const ZonesView = lazy(() => import("./views/rules/ZonesView"));
const SilencesView = lazy(() => import("./views/account/SilencesView"));
const AccountsView = lazy(() => import("./views/account/AccountsView"));
const NotifyView = lazy(() => import("./views/account/NotifyView"));
const AuditView = lazy(() => import("./views/audit/AuditView"));

const RETRY_MS = 3_000;

export function App() {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = () =>
      loadSession().catch((thrown: unknown) => {
        tell(said(thrown), true);
        timer = setTimeout(load, RETRY_MS);
      });
    void load();
    return () => clearTimeout(timer);
  }, []);
  return (
    <LocationProvider>
      <ErrorBoundary onError={(error) => tell(`This view failed: ${said(error)}`, true)}>
        <Inside />
      </ErrorBoundary>
      <Toasts />
    </LocationProvider>
  );
}

function Inside() {
  if (session.value === undefined) return <Loading what="Asking central who you are" />;
  if (session.value.setup_required && !who.value) return <Setup />;
  if (role.value === null || location.pathname === "/login") return <Login />;
  if (who.value?.must_change_password) return <NewPassword />;
  return (
    <Frame>
      <Router>
        <Route path="/" component={AlertsView} />
        <Route path="/alerts" component={AlertsView} />
        <Route path="/alerts/:id" component={AlertsView} />
        <Route path="/map" component={MapView} />
        <Route path="/sites" component={SitesView} />
        <Route path="/sites/:id" component={SiteView} />
        <Route path="/stations" component={StationsView} />
        <Route path="/rules" component={RulesView} />
        <Route path="/zones/:id?" component={ZonesView} />
        <Route path="/silences" component={SilencesView} />
        <Route path="/accounts" component={AccountsView} />
        <Route path="/notifications" component={NotifyView} />
        <Route path="/audit" component={AuditView} />
        <Route default component={Lost} />
      </Router>
    </Frame>
  );
}

function Lost() {
  return (
    <div class="page">
      <h1>There is nothing here</h1>
      <p>
        <a href="/alerts">To the alerts</a>
      </p>
    </div>
  );
}
