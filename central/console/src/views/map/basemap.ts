// The land under the map: Natural Earth (public domain) as the package `world-atlas` brings it, decoded here. A light one for the whole world
// at once; the fine coastline (1:10 million, off by a few hundred metres) when somebody comes near.

import coarseUrl from "world-atlas/countries-50m.json?url";
import fineUrl from "world-atlas/land-10m.json?url";
import type { Feature, FeatureCollection } from "geojson";
import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";

type Countries = Topology<{ countries: GeometryCollection; land: GeometryCollection }>;
type Land = Topology<{ land: GeometryCollection }>;

async function load<T>(url: string): Promise<T> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`the basemap could not be loaded (${answer.status})`);
  return (await answer.json()) as T;
}

export async function coarse(): Promise<{ land: FeatureCollection | Feature; borders: Feature }> {
  const world = await load<Countries>(coarseUrl);
  const borders = mesh(world, world.objects.countries, (one, other) => one !== other);
  return { land: feature(world, world.objects.land), borders: { type: "Feature", properties: {}, geometry: borders } };
}

export async function fine(): Promise<FeatureCollection | Feature> {
  const world = await load<Land>(fineUrl);
  return feature(world, world.objects.land);
}
