//! One event type in CloudTrail's shape, and its sinks.
