// What stands around every view: the bar, the line to central, help, and the keys that work everywhere.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { line, listen, stood } from "./api/stream";
import { health, now, reached, startClock } from "./state/clock";
import { herald } from "./state/herald";
import { counts, lastChange, load, take } from "./state/queue";
import { may, role, session, signOut, who } from "./state/session";
import { loadSites, siteName } from "./state/sites";
import { clockText, day } from "./lib/time";
import { coincided, kindWord } from "./lib/words";
import { said } from "./api/client";
import { Help } from "./Help";
import { Menu } from "./ui/Menu";
import { useShortcuts } from "./ui/shortcuts";
import { tell } from "./ui/toast";
import { type Theme, popups, sound, theme } from "./state/prefs";
import { askLeave, chime } from "./state/herald";

const chosenAlert = (path: string): string | null => (path.startsWith("/alerts/") ? decodeURIComponent(path.slice("/alerts/".length)) : null);

export function Frame({ children }: { children: ComponentChildren }) {
  const { path, route } = useLocation();
  const [isHelping, help] = useState(false);

  useEffect(() => {
    const stop = startClock();
    const hangUp = listen((change) => {
      take(change, chosenAlert(location.pathname));
      herald(change, (id) => route(`/alerts/${encodeURIComponent(id)}`));
    });
    return () => {
      stop();
      hangUp();
    };
  }, [role.value]);

  // At once, for there may be no line, and each time it stands: what changed between an answer and the line is told by neither.
  useEffect(() => {
    void load();
    void loadSites().catch((thrown: unknown) => tell(`The sites could not be loaded: ${said(thrown)}`, true));
  }, [role.value, stood.value]);

  useShortcuts({
    "?": () => help(true),
    "g a": () => route("/alerts"),
    "g m": () => route("/map"),
    "g s": () => route("/sites"),
    "g t": () => route("/stations"),
    "g r": () => route("/rules"),
  });

  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="bar">
        <a class="brand" href="/alerts">
          <img src="/icon.svg" alt="" width="20" height="20" /> Quaywatch
        </a>
        <nav aria-label="Views">
          <Tab path={path} to="/alerts" also={path === "/"}>
            Alerts <Open />
          </Tab>
          <Tab path={path} to="/map">Map</Tab>
          <Tab path={path} to="/sites">Sites</Tab>
          <Tab path={path} to="/stations">Stations</Tab>
          <Tab path={path} to="/rules">Rules</Tab>
          <Tab path={path} to="/zones">Zones</Tab>
          <Tab path={path} to="/silences">Silences</Tab>
          {may("analyst") && <Tab path={path} to="/audit">Audit</Tab>}
          {may("analyst") && <Tab path={path} to="/notifications">Notify</Tab>}
          {may("admin") && <Tab path={path} to="/accounts">Accounts</Tab>}
        </nav>
        <span class="spring" />
        <Line />
        <span class="clock" title={`${day(now.value)}, central's clock, UTC`}>
          {clockText(now.value)} <span class="quiet">UTC</span>
        </span>
        <Settings help={() => help(true)} />
      </header>
      {(line.value === "lost" || !reached.value) && (
        <p class="offline" role="alert">
          Central is not reached. What you see may be old; the console comes back by itself and misses nothing.
        </p>
      )}
      <Voice />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      {isHelping && <Help close={() => help(false)} />}
    </>
  );
}

function Tab({ path, to, also = false, children }: { path: string; to: string; also?: boolean; children: ComponentChildren }) {
  const isHere = also || path === to || path.startsWith(`${to}/`);
  return (
    <a href={to} aria-current={isHere ? "page" : undefined}>
      {children}
    </a>
  );
}

function Open() {
  const open = (counts.value.open?.count ?? 0) + (counts.value.escalated?.count ?? 0);
  return open ? (
    <span class="badge" title={`${open} open or escalated`}>
      {open}
    </span>
  ) : null;
}

function Line() {
  const broker = health.value?.broker;
  const [words, tone] =
    line.value === "lost" || !reached.value ? ["offline", "bad"] : broker && broker !== "connected" ? ["broker lost", "bad"] : line.value === "live" ? ["live", "good"] : ["connecting", ""];
  return (
    <span class={`line ${tone}`} title={broker ? `Broker ${broker}; the page is ${words}` : `The page is ${words}`} data-line={line.value}>
      <span class="dot" aria-hidden="true" /> {words}
    </span>
  );
}

function Settings({ help }: { help: () => void }) {
  const togglePopups = async () => {
    popups.value = !popups.value && (await askLeave());
    tell(popups.value ? "The browser will show new alerts." : "The browser will not show new alerts.");
  };
  const toggleSound = () => {
    sound.value = !sound.value;
    if (sound.value) chime("warning");
  };
  const themes: Theme[] = ["system", "dark", "light"];
  return (
    <Menu label={who.value?.name ?? "Viewer"} title="Settings and sign-out" id="settings">
      {who.value && <p class="quiet">{who.value.role}</p>}
      {themes.map((each) => (
        <button key={each} type="button" aria-pressed={theme.value === each} onClick={() => (theme.value = each)}>
          {each === "system" ? "Theme of the system" : each === "dark" ? "Dark theme" : "Light theme"}
        </button>
      ))}
      <hr />
      <button type="button" aria-pressed={sound.value} onClick={toggleSound}>
        Sound at new alerts: {sound.value ? "on" : "off"}
      </button>
      <button type="button" aria-pressed={popups.value} onClick={() => void togglePopups()}>
        Browser notifications: {popups.value ? "on" : "off"}
      </button>
      <button type="button" onClick={help}>
        Keys and help
      </button>
      <hr />
      {who.value ? (
        <button type="button" onClick={() => signOut().catch((thrown: unknown) => tell(said(thrown), true))}>
          Sign out
        </button>
      ) : (
        <a href="/login">Sign in</a>
      )}
      {session.value?.anonymous_read && !who.value && <p class="quiet">Everyone who reaches this address may read.</p>}
    </Menu>
  );
}

/** Reads changes out to screen readers. */
function Voice() {
  const change = lastChange.value;
  return (
    <p class="hidden" role="status" aria-live="polite">
      {change ? `${change.what}: ${change.alert.severity} ${kindWord(change.alert.kind)}, ${siteName(change.alert.site)}, ${coincided(change.alert)}` : ""}
    </p>
  );
}
