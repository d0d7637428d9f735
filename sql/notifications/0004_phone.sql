-- Numbers come from auth now, proven. Those that were only typed do not count.

UPDATE contact SET phone = '' WHERE phone <> '';
