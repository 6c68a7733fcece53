-- Who is covered: a table of the reports that detect.sh wrote (docs/doctor.schema.json, version 1), collected in
-- one folder, and a line of totals. For DuckDB; tests/coverage.py runs it with 2.0.
--
--     duckdb -cmd "SET VARIABLE reports = '/srv/reports/*.json'" -f install/mdm/coverage.sql
--
-- `stale_after`: an interval after which a report no longer counts; by default 3 days. A row of every file: one
-- that is broken, or of a later version, is named in `state` and counts as not covered.

CREATE OR REPLACE TEMP MACRO checks_of(part) AS json_extract(part, '$.checks[*]');

CREATE OR REPLACE TEMP VIEW coverage AS
WITH files AS (
    -- A file is one value, so one that is broken spoils no other.
    SELECT parse_filename(filename) AS file, CASE WHEN json_valid(content) THEN content::JSON END AS report
    FROM read_text(getvariable('reports'))
),
heads AS (
    SELECT
        file,
        report,
        try_cast(report ->> '$.version' AS INTEGER) AS schema_version,
        try_cast(report ->> '$.time' AS TIMESTAMPTZ) AS made,
        current_timestamp - made AS age,
        coalesce(try_cast(getvariable('stale_after') AS INTERVAL), INTERVAL 3 DAYS) AS stale_after
    FROM files
),
judged AS (
    SELECT
        *,
        CASE
            WHEN report IS NULL OR schema_version IS NULL THEN 'broken'
            WHEN schema_version <> 1 THEN 'version ' || schema_version || ', not read'
            WHEN made IS NULL OR (report ->> '$.host') IS NULL THEN 'broken'
            WHEN age > stale_after THEN 'stale'
            -- A clock may be a little off; more than that, and nobody knows how old the report is.
            WHEN age < INTERVAL '-1 hour' THEN 'from the future'
            ELSE 'current'
        END AS state,
        state <> 'broken' AND schema_version = 1 AS readable
    FROM heads
),
parts AS (
    SELECT
        *,
        CASE WHEN readable THEN coalesce(json_extract(report, '$.repositories[*]'), []) ELSE [] END AS repos,
        CASE WHEN readable THEN list_concat(
            coalesce(checks_of(json_extract(report, '$.machine')), []),
            flatten(list_transform(repos, lambda one: coalesce(checks_of(one), [])))
        ) ELSE [] END AS checks
    FROM judged
)
SELECT
    file,
    report ->> '$.host' AS host,
    report ->> '$.os_user' AS "user",
    CASE WHEN readable THEN report ->> '$.leakwarden' END AS leakwarden,
    state,
    CASE
        WHEN state <> 'current' THEN 'no'
        WHEN (report ->> '$.covered') = 'true' THEN 'yes'
        ELSE 'no'
    END AS covered,
    CASE WHEN readable THEN regexp_extract(
        list_filter(checks, lambda one: (one ->> '$.id') = 'policy.fleet')[1] ->> '$.text', 'digest ([0-9a-f]+)', 1
    ) END AS policy,
    array_to_string(list_sort(list_distinct(list_transform(
        list_filter(checks, lambda one: (one ->> '$.status') IN ('fails', 'unknown')),
        lambda one: (one ->> '$.id') || CASE WHEN (one ->> '$.status') = 'unknown' THEN '?' ELSE '' END
    ))), ' ') AS failing,
    len(list_filter(repos, lambda one: (one ->> '$.covered') = 'true')) AS repos_covered,
    len(list_filter(repos, lambda one: (one ->> '$.covered') = 'false')) AS repos_not,
    len(list_filter(repos, lambda one: (one ->> '$.covered') IS NULL)) AS repos_unknown,
    CASE WHEN readable THEN floor(epoch(age) / 3600)::BIGINT END AS age_hours
FROM parts;

SELECT * FROM coverage ORDER BY covered, state, host, "user", file;

SELECT
    count(*) AS reports,
    count(DISTINCT host) AS hosts,
    count(*) FILTER (covered = 'yes') AS covered,
    count(*) FILTER (covered = 'no' AND state = 'current') AS not_covered,
    count(*) FILTER (state IN ('stale', 'from the future')) AS stale,
    count(*) FILTER (state = 'broken' OR state LIKE 'version %') AS not_read,
    coalesce(sum(repos_covered) FILTER (state = 'current'), 0)::BIGINT AS repos_covered,
    coalesce(sum(repos_not) FILTER (state = 'current'), 0)::BIGINT AS repos_not,
    coalesce(sum(repos_unknown) FILTER (state = 'current'), 0)::BIGINT AS repos_unknown,
    count(DISTINCT policy) FILTER (state = 'current' AND policy <> '') AS policies,
    count(DISTINCT leakwarden) FILTER (state = 'current' AND leakwarden <> 'none') AS versions
FROM coverage;
