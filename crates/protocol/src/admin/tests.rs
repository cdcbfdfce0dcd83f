mod creation;
mod logger;
mod processes;
mod registrations;
mod scene;
mod shutdown;
mod sources;
