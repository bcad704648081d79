/** The value of `schema` in every scenario. */
export const SCENARIO_SCHEMA = 'evloop/scenario@1'

/** What one write, or all steps of a scenario together, must not be: longer than anybody waits, or has memory for. */
export const MOST_BYTES = 1_000_000
export const LONGEST_WAIT_MS = 10_000
export const MOST_EVENTS = 64
export const MOST_STEPS = 1000
