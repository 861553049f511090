// Swim lanes: what lay at the berths, stood on the tracks and was stacked, over weeks, with what could not be seen drawn as such.
//
// A stay is solid from its first to its last sighting. When it came and went nobody saw: the time between the look before and the
// first sighting, and between the last sighting and the look after, is hatched. A stay that has not ended is open to the right.
// Cloud gaps run through all lanes. Where the signals meet is marked through all lanes.

import { scaleUtc } from "d3-scale";
import { useMemo, useState } from "preact/hooks";
import type { Lane, Lanes as LanesData, Signal } from "../api/types";
import { DAY_MS, shortMinute, millis } from "../lib/time";
import { figure, percent } from "../lib/words";
import { now } from "../state/clock";
import { letterScale, useWidth } from "../ui/hooks";
import { Choice } from "../ui/parts";
import { Coverage } from "./Coverage";
import { Stays } from "./Stays";
import { Points } from "./Points";
import { LanesTable } from "./LanesTable";
import { frame, pack, sums } from "./layout";
import "../styles/lanes.css";

const LEFT = 112;
const RIGHT = 14;
const AXIS = 36;
const ROW = 13;
const PAD = 7;
const POINTS_HEIGHT = 36;
/** Of a lane with its name and the line of figures below it. */
const LABEL_HEIGHT = 30;
const COVERAGE_HEIGHT = 30;
const BAR_GAP_PX = 4;
/** Lanes in the order in which people speak of them. */
const ORDER = ["dock", "rail", "tanker", "apron", "storage", "air"];
/** Lanes of ships that come and go; the others are of levels. */
const OF_STAYS = new Set(["dock", "tanker"]);

interface LanesProps {
  lanes: LanesData;
  signals?: Signal[];
  openedAt?: string;
  chosen: string | null;
  choose: (look: string) => void;
}

export function Lanes({ lanes, signals = [], openedAt, chosen, choose }: LanesProps) {
  const [box, boxWidth] = useWidth<HTMLDivElement>();
  const scale = letterScale();
  const width = boxWidth / scale;
  const [weeks, setWeeks] = useState<"2" | "4" | "all">(openedAt ? "4" : "all");
  const [tip, setTip] = useState<{ x: number; y: number; text: string } | null>(null);
  const [isTable, showTable] = useState(false);
  const meets = lanes.window ? ([millis(lanes.window.from), millis(lanes.window.to)] as [number, number]) : null;
  const opened = openedAt ? millis(openedAt) : null;
  const focus: [number, number] | null = meets ?? (opened === null ? null : [opened, opened]);
  // Nothing can be drawn of the time to come.
  const until = Math.max(Math.min(millis(lanes.to), now.value), millis(lanes.from) + DAY_MS);
  const [from, to] = frame(millis(lanes.from), until, focus, weeks === "all" ? null : Number(weeks));
  const right = Math.max(width - RIGHT, LEFT + 100);
  const x = useMemo(() => scaleUtc().domain([from, to]).range([LEFT, right]), [from, to, right]);

  const inside = (start: number, end: number) => end >= from && start <= to;
  const drawn = [...lanes.lanes]
    .sort((one, other) => rank(one) - rank(other))
    .map((lane) => {
      const stays = (lane.stays ?? []).filter((stay) => inside(millis(stay.arrived.earliest), stay.departed ? millis(stay.departed.latest) : to));
      const packed = pack(stays, ((to - from) * BAR_GAP_PX) / (right - LEFT));
      const points = sums(lane.points ?? []).filter((point) => inside(point.at, point.at));
      const isOfStays = OF_STAYS.has(lane.lane);
      const least = signalsOf(lane.lane, signals).length ? LABEL_HEIGHT : 0;
      // Where nothing was seen in weeks a line of text is enough.
      const tall = isOfStays ? packed.rows * ROW : points.length ? POINTS_HEIGHT : ROW;
      return { lane, packed, points, isOfStays, height: Math.max(tall, least) + 2 * PAD };
    });
  let y = AXIS;
  const places = drawn.map((each) => {
    const top = y;
    y += each.height;
    return { ...each, top };
  });
  const coverageTop = y;
  const height = y + COVERAGE_HEIGHT + 2 * PAD;
  const hold = (event: MouseEvent, text: string) => {
    const frameBox = (event.currentTarget as Element).closest(".lanes")?.getBoundingClientRect();
    if (frameBox) setTip({ x: event.clientX - frameBox.left, y: event.clientY - frameBox.top, text });
  };
  const looks = lanes.looks.filter((look) => inside(millis(look.at), millis(look.at)));
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const at = looks.findIndex((look) => look.id === chosen);
    const next = looks[at < 0 ? looks.length - 1 : Math.min(Math.max(at + by, 0), looks.length - 1)];
    if (next) choose(next.id);
  };

  return (
    <div class="lanes" ref={box}>
      <div class="lanes-tools">
        <Choice
          name="Time shown"
          value={weeks}
          choose={setWeeks}
          choices={[
            { value: "2", label: "2 weeks" },
            { value: "4", label: "4 weeks" },
            { value: "all", label: "all" },
          ]}
        />
        <button type="button" aria-pressed={isTable} onClick={() => showTable(!isTable)}>
          As a table
        </button>
        {lanes.left_out > 0 && <span class="quiet">{lanes.left_out} older looks are not shown</span>}
      </div>
      {isTable ? (
        <LanesTable lanes={lanes} />
      ) : (
        width > 0 && (
          <svg width={boxWidth} height={height * scale} viewBox={`0 0 ${width} ${height}`} tabIndex={0} role="group" aria-label={summary(lanes)} onKeyDown={onKeyDown} onMouseLeave={() => setTip(null)}>
            <defs>
              <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                <rect width="6" height="6" class="hatch-ground" />
                <rect width="2.5" height="6" class="hatch-line" />
              </pattern>
            </defs>
            {lanes.cloud_gaps
              .filter((gap) => inside(millis(gap.from), millis(gap.to)))
              .map((gap) => (
                <rect
                  key={gap.from}
                  class="cloud-gap"
                  x={x(Math.max(millis(gap.from), from))}
                  width={Math.max(x(Math.min(millis(gap.to), to)) - x(Math.max(millis(gap.from), from)), 1)}
                  y={AXIS}
                  height={height - AXIS}
                  fill="url(#hatch)"
                  onMouseMove={(event) => hold(event, `Not seen well enough from ${shortMinute(gap.from)} to ${shortMinute(gap.to)}: cloud, or no pass`)}
                />
              ))}
            {meets && inside(meets[0], meets[1]) && (
              <g class="meets">
                <rect x={x(Math.max(meets[0], from))} width={Math.max(x(Math.min(meets[1], to)) - x(Math.max(meets[0], from)), 2)} y={AXIS - 2} height={height - AXIS + 2} />
              </g>
            )}
            <Axis x={x} bottom={height} />
            {places.map(({ lane, packed, points, isOfStays, top, height: tall }) => (
              <g key={lane.lane} class={`lane ${lane.lane}`}>
                <line class="lane-line" x1={0} x2={right} y1={top + tall} y2={top + tall} />
                <Label lane={lane.lane} top={top} signals={signals} crowded={packed.crowded} />
                {isOfStays ? <Stays bars={packed.bars} x={x} top={top + PAD} row={ROW} range={[from, to]} hold={hold} choose={choose} /> : <Points points={points} x={x} top={top + PAD} height={tall - 2 * PAD} unit={lane.points?.[0]?.unit ?? ""} hold={hold} choose={choose} />}
              </g>
            ))}
            <g class="lane coverage">
              <text class="lane-name" x={0} y={coverageTop + PAD + 11}>
                coverage
              </text>
              <Coverage looks={looks} chosen={chosen} x={x} top={coverageTop + PAD} height={COVERAGE_HEIGHT} hold={hold} choose={choose} />
            </g>
            {opened !== null && inside(opened, opened) && (
              <g class="opened">
                <line x1={x(opened)} x2={x(opened)} y1={2} y2={height} />
                <text x={x(opened) + (x(opened) > right - 60 ? -4 : 4)} y={10} text-anchor={x(opened) > right - 60 ? "end" : "start"}>
                  raised
                </text>
              </g>
            )}
          </svg>
        )
      )}
      {tip && (
        <p class={`lanes-tip ${tip.x > boxWidth - 280 * scale ? "to-left" : ""}`} aria-hidden="true" style={{ left: `${tip.x}px`, top: `${tip.y + 14}px` }}>
          {tip.text}
        </p>
      )}
    </div>
  );
}

const rank = (lane: Lane): number => {
  const at = ORDER.indexOf(lane.lane);
  return at < 0 ? ORDER.length : at;
};


function Axis({ x, bottom }: { x: ReturnType<typeof scaleUtc<number>>; bottom: number }) {
  const ticks = x.ticks(Math.max(3, Math.round((x.range()[1]! - x.range()[0]!) / 90)));
  const format = x.tickFormat();
  return (
    <g class="axis">
      {ticks.map((tick) => (
        <g key={tick.getTime()}>
          <line x1={x(tick)} x2={x(tick)} y1={AXIS - 4} y2={bottom} />
          <text x={x(tick)} y={AXIS - 8} text-anchor="middle">
            {format(tick).replace(/^\w{3} (\d\d)$/, (_, number: string) => `${Number(number)} ${tick.toUTCString().slice(8, 11)}`)}
          </text>
        </g>
      ))}
    </g>
  );
}

const signalsOf = (lane: string, signals: Signal[]): Signal[] =>
  signals.filter((signal) => signal.kind === lane || (lane === "apron" && signal.kind === "dock" && /m²|m2/.test(signal.unit)));

function Label({ lane, top, signals, crowded }: { lane: string; top: number; signals: Signal[]; crowded: number }) {
  const first = signalsOf(lane, signals)[0];
  return (
    <>
      <text class="lane-name" x={0} y={top + PAD + 10}>
        {lane}
        {crowded > 0 ? ` +${crowded}` : ""}
      </text>
      {first && (
        <text class="lane-signal" x={0} y={top + PAD + 22}>
          {figure(first.value)} / {figure(first.baseline)} usual
        </text>
      )}
    </>
  );
}

function summary(lanes: LanesData): string {
  const stays = lanes.lanes.reduce((sum, lane) => sum + (lane.stays?.length ?? 0), 0);
  const clear = lanes.looks.filter((look) => look.visible >= 0.5).length;
  return `Timeline from ${shortMinute(lanes.from)} to ${shortMinute(lanes.to)}: ${stays} stays, ${lanes.looks.length} looks of which ${clear} saw at least half, ${lanes.cloud_gaps.length} cloud gaps. Left and right arrows choose a look. ${percent(clear / Math.max(lanes.looks.length, 1))} clear.`;
}

