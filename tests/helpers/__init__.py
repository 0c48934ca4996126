"""What several test modules need: data, models and reducers to try things on."""
