package rapbot
