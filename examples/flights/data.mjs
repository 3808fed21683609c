/**
 * The flights as rows a model can use. Reads flights-3m.parquet (3,000,000 US flights, January to June
 * 2001: date, delay in minutes, distance in miles, origin, destination) with DuckDB.
 *
 * Features of a flight, all known before it leaves:
 *   hour              0 to 23, local
 *   distance          miles
 *   origin_late       share of flights from its origin that came late (more than 15 minutes) in the last
 *                     seven days, drawn towards the whole network's share by 50 pseudo-flights
 *   destination_late  the same for flights to its destination
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

export const featureNames = ['hour', 'distance', 'origin_late', 'destination_late'];
export const lateMinutes = 15;

/** Seven days of history are needed before the first row. */
export const firstDay = '2001-01-08';

function parquetPath() {
  const require = createRequire(import.meta.url);
  const entry = require.resolve('vega-datasets');
  const root = entry.slice(0, entry.lastIndexOf('vega-datasets') + 'vega-datasets'.length);
  return join(root.endsWith('vega-datasets') ? root : dirname(entry), 'data', 'flights-3m.parquet');
}

const trailing = (place) => `
  select place, day, sum(flights) over w as flights, sum(late) over w as late
  from (
    select grid.place, grid.day, coalesce(flights, 0) as flights, coalesce(late, 0) as late
    from (select distinct a.${place} as place, b.day from daily a, (select distinct day from daily) b) grid
    left join (
      select ${place} as place, day, sum(flights) as flights, sum(late) as late
      from daily group by all
    ) seen on seen.place = grid.place and seen.day = grid.day
  )
  window w as (partition by place order by day rows between 7 preceding and 1 preceding)`;

/** Reads the file once; `days` then picks from it. */
export async function openFlights() {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  const path = parquetPath().replaceAll("'", "''");
  await connection.run(`
    create table flights as
    select date, cast(date as date) as day, delay, delay > ${lateMinutes} as late, distance, origin, destination
    from read_parquet('${path}') where date < '2001-07-01'`);
  await connection.run(`
    create table daily as
    select origin, destination, day, count(*) as flights, sum(late::int) as late
    from flights group by all`);
  await connection.run(`create table from_origin as ${trailing('origin')}`);
  await connection.run(`create table to_destination as ${trailing('destination')}`);
  await connection.run(`
    create table network as
    select day, avg(late / flights) over (order by day rows between 7 preceding and 1 preceding) as share
    from (select day, sum(late) as late, sum(flights) as flights from daily group by day)`);
  return {
    days: (range) => pick(connection, range),
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/**
 * `perDay` flights of each day, evenly spread over it, in time order, with everything needed to train,
 * to score and to replay: an array of days of { day, rows: [[feature, ...], ...], late: [0|1] }.
 */
async function pick(connection, { from, to, perDay }) {
  const reader = await connection.streamAndReadAll(`
    with picked as (
      select *, row_number() over (
        partition by day order by date, origin, destination, distance, delay) as place_in_day,
        count(*) over (partition by day) as flights_of_day
      from flights where day >= '${from}' and day < '${to}'
    ), chosen as (
      select * from picked
      where flights_of_day <= ${perDay}
        or floor(place_in_day * ${perDay}::double / flights_of_day) > floor((place_in_day - 1) * ${perDay}::double / flights_of_day)
    )
    select cast(c.day as varchar) as day, hour(c.date)::int as hour, c.distance::double as distance,
      round((o.late + 50 * n.share) / (o.flights + 50), 4)::double as origin_late,
      round((d.late + 50 * n.share) / (d.flights + 50), 4)::double as destination_late,
      c.late::int as late
    from chosen c
    join network n on n.day = c.day
    join from_origin o on o.place = c.origin and o.day = c.day
    join to_destination d on d.place = c.destination and d.day = c.day
    order by c.day, c.date, c.origin, c.destination, c.distance, c.delay`);
  const days = new Map();
  for (const [day, hour, distance, origin, destination, late] of reader.getRows()) {
    const known = days.get(day) ?? { day, rows: [], late: [] };
    known.rows.push([hour, distance, origin, destination]);
    known.late.push(late);
    days.set(day, known);
  }
  return [...days.values()];
}
