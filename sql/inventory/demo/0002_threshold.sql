-- The demo's stock is low from five on.
INSERT INTO threshold_rule (category, threshold) VALUES ('', 5);
