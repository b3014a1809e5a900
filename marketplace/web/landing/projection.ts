/** A place in the drawing. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Size of the drawing, units of its view box. */
export const MAP_WIDTH = 1_000;
export const MAP_HEIGHT = 424;

const WEST = -168;
const EAST = 180;
const NORTH = 76;
const SOUTH = -56;

/** Where a place on earth is in the drawing: degrees become equal steps (plate carrée), cut at the ice. */
export function project(latitude: number, longitude: number): Point {
  return {
    x: ((longitude - WEST) / (EAST - WEST)) * MAP_WIDTH,
    y: ((NORTH - latitude) / (NORTH - SOUTH)) * MAP_HEIGHT,
  };
}

/** Whether a place is inside an odd number of rings of longitude and latitude in turn. */
export function isInside(
  rings: readonly (readonly number[])[],
  latitude: number,
  longitude: number,
): boolean {
  let inside = false;
  for (const ring of rings) {
    for (let at = 0, before = ring.length - 2; at < ring.length; before = at, at += 2) {
      const [x1 = 0, y1 = 0] = [ring[at], ring[at + 1]];
      const [x2 = 0, y2 = 0] = [ring[before], ring[before + 1]];
      const crosses = y1 > latitude !== y2 > latitude;
      if (crosses && longitude < ((x2 - x1) * (latitude - y1)) / (y2 - y1) + x1) inside = !inside;
    }
  }
  return inside;
}

/** Land as dots of a grid, one path of the drawing. @param stepDegrees between two dots */
export function landDots(rings: readonly (readonly number[])[], stepDegrees: number): string {
  let path = '';
  for (let latitude = NORTH - stepDegrees / 2; latitude > SOUTH; latitude -= stepDegrees) {
    for (let longitude = WEST + stepDegrees / 2; longitude < EAST; longitude += stepDegrees) {
      if (!isInside(rings, latitude, longitude)) continue;
      const { x, y } = project(latitude, longitude);
      path += `M${x.toFixed(1)} ${y.toFixed(1)}h0`;
    }
  }
  return path;
}

/** A bow between two places, higher the farther they are apart; a small loop from a place to itself. */
export function bow(from: Point, to: Point): string {
  const distance = Math.hypot(to.x - from.x, to.y - from.y);
  if (distance < 1) return `M${at(from)}c-34 -46 34 -46 0 0`;
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 - distance * 0.22 };
  return `M${at(from)}Q${at(middle)} ${at(to)}`;
}

/** The place of one of several things around a point: rings of six, twelve, …, none hiding another. */
export function placeAround(center: Point, index: number, spacing: number): Point {
  if (index === 0) return center;
  let ring = 1;
  let first = 1;
  while (index >= first + ring * 6) {
    first += ring * 6;
    ring += 1;
  }
  const angle = ((index - first) / (ring * 6)) * 2 * Math.PI - Math.PI / 2;
  return {
    x: center.x + Math.cos(angle) * spacing * ring,
    y: center.y + Math.sin(angle) * spacing * ring,
  };
}

const at = ({ x, y }: Point): string => `${x.toFixed(1)} ${y.toFixed(1)}`;
