mod creation;
mod detail;
mod logger;
mod processes;
mod registrations;
mod scene;
mod shutdown;
mod sources;
